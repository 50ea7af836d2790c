"""Cached properties that threads share are computed once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import sleep

from campaigns.core.locked_cached_property import LockedCachedProperty

THREADS = 8


class Owner:
    """Object with a property that takes a while."""

    def __init__(self) -> None:
        self.computed = 0

    @LockedCachedProperty
    def value(self) -> object:
        """Value of its own for each computation."""
        self.computed += 1
        sleep(0.02)
        return object()


def test_all_threads_get_the_value_of_the_first() -> None:
    owner, start = Owner(), Barrier(THREADS)

    def read(_number: int) -> object:
        start.wait()
        return owner.value

    with ThreadPoolExecutor(THREADS) as pool:
        values = list(pool.map(read, range(THREADS)))
    assert owner.computed == 1
    assert set(values) == {owner.value}


def test_each_object_has_a_value_of_its_own() -> None:
    assert Owner().value is not Owner().value
    assert isinstance(Owner.value, LockedCachedProperty)
