"""How many bytes of bodies may have come and not been taken: a sender makes them as large as a message may be."""

from typing import Any

#: characters of bodies that wait to be taken by those who asked for them
MOST_HELD = 16_000_000
#: of an answer beside the text of its body
_AROUND = 1024


class Share:
    """What of the held bytes one caller will take. `left`: the caller takes no more."""

    def __init__(self) -> None:
        self.held = 0
        self.left = False


class HeldBodies:
    """Counts answers between their coming and their being taken. Not thread-safe: used under the dispatcher's lock."""

    def __init__(self, most: int = MOST_HELD) -> None:
        self._most = most
        self._held = 0
        self._asked = 0
        #: characters of the answers that came last, about
        self._average = 1.0

    @property
    def room(self) -> int:
        """How many more bodies may be asked for: as many as fit beside those under way, as far as those that came tell.
        One may go while none is under way and there is any room."""
        if self._held >= self._most:
            return 0
        return max(int((self._most - self._held) / self._average) - self._asked, 0 if self._asked else 1)

    def asked(self, number: int) -> None:
        """So many were asked for."""
        self._asked += number

    def came(self, share: Share, answer: Any) -> None:
        """An answer came for a caller, or None where it has to be asked for again."""
        self._asked -= 1
        if answer is None:
            return
        size = weight(answer)
        self._average += (size - self._average) / 4
        if not share.left:
            share.held += size
            self._held += size

    def taken(self, share: Share, answer: Any) -> None:
        """The caller is done with an answer."""
        size = min(weight(answer), share.held)
        share.held -= size
        self._held -= size

    def leave(self, share: Share) -> None:
        """The caller takes no more: what came for it is let go."""
        self._held -= share.held
        share.held, share.left = 0, True


def weight(answer: Any) -> int:
    """The characters of a body in an answer of the dispatcher; an error has none."""
    body = getattr(answer[0], "body", None) if isinstance(answer, tuple) else None
    content = body.get("body") if isinstance(body, dict) else None
    text = content.get("content") if isinstance(content, dict) else None
    return _AROUND + (len(text) if isinstance(text, str) else 0)
