"""What errors do to the reader: that of a mailbox ends it alone, any other reaches whoever takes."""

import threading

import pytest

from connector.errors import MailboxError, ServiceError
from connector.model.values import GraphUserId
from connector.ports import PageCall
from tests.support.builders import at
from tests.unit.engine.reading import STUCK, Tenant, ids, queue, reader, taken

# -- errors ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [0, 1, 4])
def test_an_error_of_a_mailbox_ends_that_mailbox_only(threads: int) -> None:
    tenant = Tenant(threads)
    ada, bob = queue(tenant, "ada", 6), queue(tenant, "bob", 6)

    def refuse(call: PageCall) -> None:
        if call.user == "ada" and call.start >= at(days=-98):
            raise MailboxError("denied", code="ACCESS_DENIED")

    tenant.at_page = refuse
    with reader(tenant, ada, bob, per_mailbox=1) as made:
        readings = [*taken(made)]
        assert made.is_over
    assert ids([reading for reading in readings if reading.queue is ada]) == ["ada-0-0", "ada-1-0"]
    assert ids([reading for reading in readings if reading.queue is bob]) == sorted(tenant.boxes[GraphUserId("bob")])
    assert ada.error is not None
    assert (ada.error.code, bob.error) == ("ACCESS_DENIED", None)
    assert len(tenant.first_pages("ada")) == 3


class OddError(BaseException):
    """What only the outermost frame may handle."""


@pytest.mark.parametrize("error", [ServiceError("away"), RuntimeError("bug"), KeyboardInterrupt(), OddError()])
@pytest.mark.parametrize("threads", [0, 1, 4])
def test_any_other_error_reaches_the_one_who_takes(error: BaseException, threads: int) -> None:
    tenant = Tenant(threads)
    queues = [queue(tenant, name, 5) for name in ("ada", "bob")]

    def fail(call: PageCall) -> None:
        if call.user == "bob" and call.start == at(days=-98):
            raise error

    tenant.at_page = fail
    with reader(tenant, *queues) as made:
        with pytest.raises(type(error)) as caught:
            [*taken(made, 1000)]
        assert caught.value is error
    assert all(found.error is None for found in queues)


def test_an_error_of_the_progress_display_is_not_lost() -> None:
    tenant = Tenant()

    def progress(*_: object) -> None:
        raise RuntimeError("display")

    with (
        reader(tenant, queue(tenant, "ada", 3), progress=progress) as made,
        pytest.raises(RuntimeError, match="display"),
    ):
        [*taken(made, 1000)]


def test_the_first_error_is_the_one_that_is_told() -> None:
    tenant = Tenant(2)
    meeting, second = threading.Barrier(2, timeout=STUCK), threading.Event()

    def fail(call: PageCall) -> None:
        meeting.wait()
        if call.user == "ada":
            second.set()
            raise RuntimeError("first")
        assert second.wait(STUCK)
        raise ServiceError("second")

    tenant.at_page = fail
    ada, bob = queue(tenant, "ada", 1), queue(tenant, "bob", 1)
    with reader(tenant, ada, bob) as made, pytest.raises((RuntimeError, ServiceError)) as caught:
        made.take(1000)
    first = caught.value
    with pytest.raises(type(first)) as again:
        made.take(1000)
    assert again.value is first
