"""A list that cannot be read as it is: what is read of it comes, what is not is named, and no walk waits for ever."""

import pytest

from connector.core.reading.ladder import named_second
from connector.errors import BrokenListError
from connector.model.run import WindowKind
from connector.ports import HeadersCall, PageCall
from tests.support.builders import at
from tests.unit.engine.reading import Tenant, all_ids, ids, queue, reader, taken, with_sweep


@pytest.mark.parametrize("threads", [0, 1, 4])
@pytest.mark.parametrize("also_ids", [True, False])
def test_one_bad_second_holds_up_neither_its_window_nor_its_mailbox(threads: int, *, also_ids: bool) -> None:
    tenant = Tenant(threads)
    ada, bob = queue(tenant, "ada", 6, kind=WindowKind.BACKFILL), queue(tenant, "bob", 2)
    bad = at(days=-98)

    def damaged(call: PageCall) -> None:
        if call.user == "ada" and call.start <= bad < call.end and (also_ids or not call.ids_only):
            raise BrokenListError("500")

    tenant.at_page = damaged
    with reader(tenant, ada, bob) as made:
        readings = [*taken(made)]
    assert (ada.error, bob.error) == (None, None)
    unread = [each for reading in readings for each in reading.unread]
    if also_ids:
        assert ids(readings) == [each for each in all_ids(tenant) if each != "ada-2-0"]
        assert [named_second(each.id) for each in unread] == [bad]
    else:
        assert (ids(readings), unread) == (all_ids(tenant), [])
        assert len(tenant.calls_of(HeadersCall)) == 1


@pytest.mark.parametrize("threads", [0, 1, 4])
def test_a_mailbox_none_of_whose_lists_can_be_read_fails_and_the_others_go_on(threads: int) -> None:
    tenant = Tenant(threads)
    ada, bob = queue(tenant, "ada", 6), queue(tenant, "bob", 6)

    def out(call: PageCall) -> None:
        if call.user == "ada":
            raise BrokenListError("503")

    tenant.at_page = out
    with reader(tenant, ada, bob, per_mailbox=1) as made:
        readings = [*taken(made)]
    assert isinstance(ada.error, BrokenListError)
    assert ids(readings) == [each for each in all_ids(tenant) if each.startswith("bob")]
    assert len(tenant.pages) == 6 * 2 + 3  # the first list of Ada's, and those beside it


@pytest.mark.parametrize("threads", [0, 1, 4])
def test_a_tree_that_was_to_come_along_with_a_broken_page_is_asked_for_again(threads: int) -> None:
    """Other walks of the mailbox wait for whoever has asked for it."""
    tenant = Tenant(threads)
    ada = with_sweep(queue(tenant, "ada", 6))
    broken = []

    def damaged(call: PageCall) -> None:
        if call.with_tree and not broken:
            broken.append(call)
            raise BrokenListError("500")

    tenant.at_page = damaged
    with reader(tenant, ada) as made:
        readings = [*taken(made)]
    assert broken
    assert set(ids(readings)) == set(all_ids(tenant))
    assert ada.tree is not None
    assert not any(reading.unread for reading in readings)
