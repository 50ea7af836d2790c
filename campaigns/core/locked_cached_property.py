"""Cached property for objects that threads share: from Python 3.12 on, functools' own may compute it twice."""

from collections.abc import Callable
from functools import cached_property
from threading import RLock
from typing import Any, TypeVar, overload

T = TypeVar("T")


class LockedCachedProperty(cached_property[T]):
    """Property computed once by the first thread that reads it; others wait, and get the same object."""

    def __init__(self, compute: Callable[[Any], T]) -> None:
        super().__init__(compute)
        self._lock = RLock()

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> "LockedCachedProperty[T]": ...
    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> T: ...
    def __get__(self, instance: object | None, owner: type[Any] | None = None) -> "LockedCachedProperty[T] | T":
        """Return the value; later reads find it in the instance and take no lock."""
        if instance is None:
            return self
        with self._lock:
            return super().__get__(instance, owner)
