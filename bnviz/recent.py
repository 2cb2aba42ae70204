"""Keep results as long as they are useful: a cache bounded by bytes, and one result per object.

A function that limits the dashboard's memory is here as well.
"""

from __future__ import annotations

import contextlib
import ctypes
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar
from weakref import finalize

Value = TypeVar("Value")
Whole = TypeVar("Whole")
Of = ParamSpec("Of")
M_TRIM_THRESHOLD, M_ARENA_MAX = -1, -8  # names of mallopt(3)


def release_early() -> None:
    """Make glibc return freed memory to the system, and make Arrow allocate through glibc.

    By default each thread, and Arrow, keeps the memory of the tables it has freed: watching a run
    with 1,000 bins took 200 MB more. Only the dashboard calls this. Training would take 1.7 to 1.9
    times as long, because every tensor would be mapped and unmapped anew.
    """
    import pyarrow

    pyarrow.set_memory_pool(pyarrow.system_memory_pool())
    with contextlib.suppress(OSError, AttributeError):  # another C library
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(M_ARENA_MAX, 2)
        libc.mallopt(M_TRIM_THRESHOLD, 2**20)


class Recent(Generic[Value]):
    """A thread-safe cache that drops the least recently used values first.

    It keeps up to `limit` bytes in all, as `size` counts them. A value larger than `limit` is
    returned but not kept.
    """

    def __init__(self, limit: int, size: Callable[[Value], int]) -> None:
        self.limit, self.size = limit, size
        self.bytes = 0
        self._kept: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._lock = threading.RLock()

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return the value of this key, and call `make` if it is not in the cache.

        The lock is held meanwhile, so that no two threads compute the same value.
        """
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key][0]
            value = make()
            self._keep(key, value, self.size(value))
            return value

    def _keep(self, key: Hashable, value: Value, size: int) -> None:
        if size > self.limit:
            return
        self._kept[key] = value, size
        self.bytes += size
        while self.bytes > self.limit:
            _, (_, freed) = self._kept.popitem(last=False)
            self.bytes -= freed


def once_each(
    make: Callable[Concatenate[Whole, Of], Value],
) -> Callable[Concatenate[Whole, Of], Value]:
    """Let a function of a frame or a figure compute its result only once while that lives.

    Several panels of a page need the same numbers of the same rows. Nobody may change the frame,
    the figure or the result in place.
    """
    kept: dict[int, dict[Any, Value]] = {}

    @wraps(make)
    def once(whole: Whole, /, *others: Of.args, **named: Of.kwargs) -> Value:
        if id(whole) not in kept:
            kept[id(whole)] = {}
            finalize(whole, kept.pop, id(whole), None)
        found = kept[id(whole)]
        key = (others, *sorted(named.items()))
        if key not in found:
            found[key] = make(whole, *others, **named)
        return found[key]

    return once
