"""The one file that the connector keeps: a named principal's tokens, readable to its own user only."""

import os
import stat
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from connector.errors import UsageError

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_SETTING = "named_credentials.MicrosoftGraphAPI.token_file"


class TokenFile:
    """Text in a file of mode 0600, replaced as a whole: a reader sees the old or the new, never a half."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def load(self) -> str | None:
        """What it holds; None where there is no file. Raises UsageError where others may read it, or we may not."""
        try:
            with self.path.open(encoding="utf-8") as file:
                if os.name == "posix" and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & _OTHERS:
                    raise UsageError(
                        "The token file can be read by others",
                        where=f"{_SETTING}: {self.path}",
                        remedy=f"Type chmod 600 {self.path}, then m365sync login, since others may have read it.",
                    )
                return file.read()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise self._unusable("read", error) from error

    def save(self, text: str) -> None:
        """Replace what it holds. Raises UsageError where it cannot be written."""
        try:
            # mkstemp makes the file readable to its owner only
            handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        except OSError as error:
            raise self._unusable("written", error) from error
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise self._unusable("written", error) from error

    @property
    def written_at(self) -> datetime | None:
        """When it was replaced last, by this machine's clock; None where there is no file."""
        try:
            return datetime.fromtimestamp(self.path.stat().st_mtime, tz=UTC)
        except OSError:
            return None

    def _unusable(self, verb: str, error: Exception) -> UsageError:
        return UsageError(
            f"The token file cannot be {verb}: {getattr(error, 'strerror', None) or type(error).__name__}",
            where=f"{_SETTING}: {self.path}",
            remedy="Name a file in a folder that the connector's user may write, and no one else may read.",
        )
