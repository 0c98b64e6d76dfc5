"""The cap on requests in flight for one mailbox: kept, in order, and free again whatever happens."""

import random
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from connector.graph.slots import Slots

#: no test waits so long unless something is stuck
STUCK = 10


class Wish(dict[str, int]):
    """What is wanted; it tells when somebody looks at it, which is when it stands in the queue."""

    def __init__(self, **wanted: int) -> None:
        super().__init__(wanted)
        self.queued = threading.Event()

    def __iter__(self) -> Iterator[str]:
        self.queued.set()
        return super().__iter__()


class Place:
    """A thread that holds places until it is let go."""

    def __init__(self, slots: Slots, wish: Wish) -> None:
        self.wish = wish
        self.inside = threading.Event()
        self.leave = threading.Event()
        self._slots = slots
        self._thread = threading.Thread(target=self._hold, daemon=True)
        self._thread.start()

    def _hold(self) -> None:
        with self._slots.hold(self.wish):
            self.inside.set()
            self.leave.wait(STUCK)

    def end(self) -> None:
        self.leave.set()
        self._thread.join(STUCK)
        assert not self._thread.is_alive()


@pytest.fixture
def place() -> Iterator[Callable[[Slots, Wish], Place]]:
    made: list[Place] = []

    def make(slots: Slots, wish: Wish) -> Place:
        made.append(Place(slots, wish))
        return made[-1]

    yield make
    for each in made:
        each.leave.set()
    for each in made:
        each.end()


def test_more_than_there_are_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="more places"), Slots(3).hold({"ada": 4}):
        pass


def test_places_are_free_again_after_an_exception() -> None:
    slots = Slots(1)
    for _ in range(2):
        with pytest.raises(RuntimeError), slots.hold({"ada": 1, "bob": 1}):
            raise RuntimeError
    with slots.hold({"ada": 1, "bob": 1}):
        pass


def test_one_mailbox_does_not_wait_for_another() -> None:
    slots = Slots(1)
    with slots.hold({"ada": 1}), slots.hold({"bob": 1}):
        pass


def test_all_places_are_taken_at_once_and_nobody_overtakes(place: Callable[[Slots, Wish], Place]) -> None:
    slots = Slots(2)
    first = place(slots, Wish(ada=1))
    assert first.inside.wait(STUCK)
    batch = place(slots, Wish(ada=2, bob=1))
    assert batch.wish.queued.wait(STUCK)
    # there is a place of each left, but the batch came first
    late, other = place(slots, Wish(ada=1)), place(slots, Wish(bob=2))
    assert late.wish.queued.wait(STUCK)
    assert other.wish.queued.wait(STUCK)
    # a mailbox that nobody waits for is served at once: so the queue was looked at with all three in it
    unrelated = place(slots, Wish(cid=2))
    assert unrelated.inside.wait(STUCK)
    assert not (batch.inside.is_set())
    assert not (late.inside.is_set())
    assert not (other.inside.is_set())
    first.end()
    assert batch.inside.wait(STUCK)
    assert not (late.inside.is_set())
    assert not (other.inside.is_set())
    batch.end()
    assert late.inside.wait(STUCK)
    assert other.inside.wait(STUCK)


def test_what_is_claimed_does_not_overtake_who_waits(place: Callable[[Slots, Wish], Place]) -> None:
    slots = Slots(2)
    first = place(slots, Wish(ada=1))
    assert first.inside.wait(STUCK)
    batch = place(slots, Wish(ada=2))
    assert batch.wish.queued.wait(STUCK)
    # there is a place left, and somebody waits for it
    with slots.hold({"bob": 1}):
        assert not slots.claim("ada")
        assert slots.claim("bob")
        assert not slots.claim("bob")
        slots.give_back({"bob": 1})
    first.end()
    assert batch.inside.wait(STUCK)


class SignalledError(Exception):
    """Stands for what a signal raises in the main thread."""


def test_one_that_is_interrupted_while_it_waits_leaves_the_queue(place: Callable[[Slots, Wish], Place]) -> None:
    left = threading.Event()

    def interrupt(*_: object) -> None:
        if not left.is_set():
            left.set()
            raise SignalledError

    slots = Slots(1)
    holder = place(slots, Wish(ada=1))
    assert holder.inside.wait(STUCK)
    wish, main = Wish(ada=1, bob=1), threading.main_thread().ident
    assert main is not None

    def send() -> None:
        assert wish.queued.wait(STUCK)
        # one that comes just before the other thread begins to wait is not noticed until the next
        while not left.wait(0.01):
            signal.pthread_kill(main, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        sender = threading.Thread(target=send)
        sender.start()
        with pytest.raises(SignalledError), slots.hold(wish):
            pass
        sender.join(STUCK)
    finally:
        signal.signal(signal.SIGUSR1, before)
    # neither bob, whom it waited for too, nor ada is blocked by it
    assert place(slots, Wish(bob=1)).inside.wait(STUCK)
    behind = place(slots, Wish(ada=1))
    holder.end()
    assert behind.inside.wait(STUCK)


@pytest.mark.parametrize("seed", range(3))
def test_many_threads_keep_the_cap_and_all_come_through(seed: int) -> None:
    slots, cap = Slots(3), 3
    boxes = ["ada", "bob", "cid", "dee", "eve"]
    in_use: Counter[str] = Counter()
    most: Counter[str] = Counter()
    lock = threading.Lock()

    def work(number: int) -> int:
        chance = random.Random(seed * 1000 + number)
        for _ in range(20):
            wanted = {box: chance.randint(1, cap) for box in chance.sample(boxes, chance.randint(1, len(boxes)))}
            with slots.hold(wanted):
                with lock:
                    in_use.update(wanted)
                    most.update({box: max(0, in_use[box] - most[box]) for box in wanted})
                with lock:
                    in_use.subtract(wanted)
        return number

    with ThreadPoolExecutor(max_workers=40) as pool:
        done = [future.result(STUCK) for future in [pool.submit(work, number) for number in range(40)]]
    assert done == list(range(40))
    assert most
    assert max(most.values()) <= cap
    assert not any(in_use.values())
