"""A log that cannot be written stops nothing, and the gap in it is told."""

import errno
import io
import json

from connector.cli.output import PatientErrors


class FullDisk(io.StringIO):
    """A file on a disk that may be full."""

    is_full = False

    def write(self, text: str, /) -> int:
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)


def test_what_a_full_disk_takes_from_the_log_is_counted_and_told_once_there_is_room() -> None:
    disk = FullDisk()
    errors = PatientErrors(disk)
    print("one", file=errors, flush=True)
    disk.is_full = True
    print("two", file=errors, flush=True)
    print("three", file=errors, flush=True)
    disk.is_full = False
    print("four", file=errors, flush=True)
    print("five", file=errors, flush=True)
    first, gap, *rest = disk.getvalue().splitlines()
    assert (first, rest) == ("one", ["four", "five"])
    assert json.loads(gap)["lines"] == 2
