"""How a list is cut into pages, with the habits of the real service.

`$skip` in a nextLink counts items that are never shown (List messages: "it is possible for $skip to exceed the page
size even in the first response"), so a client must follow links and never compute them. Where the hidden items lie
follows from the position alone, so that a link means the same however often it is asked.
"""

from dataclasses import dataclass

from m365sandbox.graph.models import TenantSettings

HIDDEN_AFTER = 50
LINK_LEFT_OUT = 3


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list: `limit` shown items from the shown item `offset` on; `next_skip` is what the link says."""

    offset: int
    limit: int
    next_skip: int


class Pager:
    """Cuts lists as the tenant's `pages` setting has it."""

    def __init__(self, tenant: TenantSettings) -> None:
        self._tenant = tenant
        self._links: set[str] = set()

    def page(self, skip: int, size: int) -> Page:
        """The page that begins at `skip`, counted with hidden items."""
        if self._tenant.pages == "short":
            return _short_page(skip, size)
        offset = skip - skip // (HIDDEN_AFTER + 1)
        end = offset + size
        return Page(offset, size, end + end // HIDDEN_AFTER)

    def leaves_link_out(self, link: str) -> bool:
        """Whether a nextLink is missing: every third, and only the first time that the page before it is asked for.

        So whoever asks again gets further, as is to be hoped of the real service.
        """
        if self._tenant.pages != "linkless" or link in self._links:
            return False
        self._links.add(link)
        return len(self._links) % LINK_LEFT_OUT == 0

    def clear(self) -> None:
        """Forget which links were asked for."""
        self._links.clear()


def _short_page(skip: int, size: int) -> Page:
    """Blocks of 2/5 page shown and a page and a half hidden, hidden ones first: empty and short pages."""
    shown = max(1, size * 2 // 5)
    hidden = size + size // 2
    start = _shown_before(skip, shown, hidden)
    end = _shown_before(skip + size, shown, hidden)
    return Page(start, end - start, skip + size)


def _shown_before(position: int, shown: int, hidden: int) -> int:
    """How many shown items lie before a position that counts hidden ones."""
    blocks, rest = divmod(position, shown + hidden)
    return blocks * shown + max(0, rest - hidden)
