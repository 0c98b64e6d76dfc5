"""Bodies are cleaned beside the process: the same bodies, none lost with a process, and no process left behind."""

import io
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from connector.core.writing.body import sanitise
from connector.engine.cleaning import MOST, WORTH, BodyCleaner, _got, processors, serve
from connector.model.mail import Content

CONTENTS = [
    Content(html="<p style='color:red'>one<script>x</script></p>"),
    Content(html="two\n  columns   here", is_html=False),
    Content(html='<img src="https://x.example/a.png" alt="three"> \ud83d\ude00 \ud83d'),
    Content(html=""),
    Content(html="<b>" + "long " * 40_000),
]
MANY = CONTENTS * (WORTH // len(CONTENTS))
STUCK = 30


def is_there(pid: int) -> bool:
    """Whether a process runs; one that ended and is not waited for is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(pid: int) -> bool:
    """Whether a process is gone before long."""
    until = time.monotonic() + STUCK
    while is_there(pid) and time.monotonic() < until:
        time.sleep(0.01)
    return not is_there(pid)


@pytest.mark.parametrize("remote_images", [False, True])
def test_a_process_makes_of_a_body_what_this_one_makes_of_it(remote_images: bool) -> None:
    with BodyCleaner(remote_images=remote_images, processes=1) as cleaner:
        found = cleaner.clean(MANY)
        assert len(cleaner._begun) == 1
        assert cleaner._free.qsize() == 1  # it answered
        assert cleaner.clean([]) == []
    assert found == [sanitise(content, remote_images=remote_images) for content in MANY]


def test_a_run_with_little_mail_begins_no_process() -> None:
    with BodyCleaner(remote_images=False, processes=1) as cleaner:
        assert cleaner.clean(CONTENTS) == [sanitise(content) for content in CONTENTS]
        assert not cleaner._begun


def test_on_one_processor_all_is_done_in_this_process() -> None:
    with BodyCleaner(remote_images=False, processes=0) as cleaner:
        assert cleaner.clean(MANY) == [sanitise(content) for content in MANY]
        assert not cleaner._begun


def test_by_itself_it_leaves_a_processor_to_this_process() -> None:
    with BodyCleaner(remote_images=False) as cleaner:
        cleaner.clean(MANY)
        assert len(cleaner._begun) == min(MOST, processors() - 1)


def test_what_a_process_had_when_it_was_killed_is_done_here() -> None:
    with BodyCleaner(remote_images=False, processes=1) as cleaner:
        cleaner.clean(MANY)
        [process] = cleaner._begun
        process.kill()
        process.wait()
        assert cleaner.clean(CONTENTS) == [sanitise(content) for content in CONTENTS]
        assert cleaner._free.empty()  # it is asked no more
        assert cleaner.clean(CONTENTS) == [sanitise(content) for content in CONTENTS]


def test_a_batch_waits_for_a_process_that_is_free_soon() -> None:
    with BodyCleaner(remote_images=False, processes=1) as cleaner, ThreadPoolExecutor(1) as threads:
        cleaner.clean(MANY)
        process = cleaner._free.get()  # another thread has it
        found = threads.submit(cleaner.clean, CONTENTS)
        process.kill()
        process.wait()
        cleaner._free.put(process)
        assert found.result() == [sanitise(content) for content in CONTENTS]
        assert cleaner._alive == 0  # it had waited for that process, or it would not know


def test_nobody_waits_for_a_process_that_is_at_a_long_body() -> None:
    with BodyCleaner(remote_images=False, processes=1) as cleaner:
        cleaner.clean(MANY)
        process = cleaner._free.get()  # another thread has it, for ever
        assert cleaner.clean(CONTENTS) == [sanitise(content) for content in CONTENTS]
        cleaner._free.put(process)


def test_no_process_is_left_behind() -> None:
    with BodyCleaner(remote_images=False, processes=2) as cleaner:
        cleaner.clean(MANY)
        pids = [process.pid for process in cleaner._begun]
        assert all(map(is_there, pids))
    assert not any(map(is_there, pids))


def test_ctrl_c_is_for_the_process_that_asks() -> None:
    with BodyCleaner(remote_images=False, processes=1) as cleaner:
        cleaner.clean(MANY)
        [process] = cleaner._begun
        process.send_signal(signal.SIGINT)
        assert cleaner.clean(CONTENTS) == [sanitise(content) for content in CONTENTS]
        assert cleaner._free.qsize() == 1


def test_a_run_that_is_killed_takes_its_processes_with_it() -> None:
    script = """
import sys, time
from connector.engine.cleaning import BodyCleaner, WORTH
from connector.model.mail import Content
cleaner = BodyCleaner(remote_images=False, processes=2)
cleaner.clean([Content(html="x")] * WORTH)
print(*(process.pid for process in cleaner._begun), flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        pids = [int(pid) for pid in run.stdout.readline().split()]
        assert len(pids) == 2
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
    assert all(map(gone, pids))


def test_input_that_breaks_off_ends_a_process_without_an_answer() -> None:
    answers = io.BytesIO()
    serve(io.BytesIO(b"[false, [100, true]]\n<p>short"), answers)
    serve(io.BytesIO(b"[false, [100"), answers)
    assert answers.getvalue() == b""


def test_an_answer_that_breaks_off_in_a_character_is_no_answer() -> None:
    with pytest.raises(EOFError):
        _got(io.BytesIO("[true, [5, false]]\n<p>é".encode()[:-1]))
