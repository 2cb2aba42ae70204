"""The cache of recent values, which has a limit in bytes."""

from __future__ import annotations

from threading import Barrier, Thread

from bnviz.recent import Recent


def test_the_most_recently_used_values_stay_within_the_limit():
    cache = Recent[str](10, len)
    for key in ("a", "b"):
        cache.get(key, lambda: "12345")
    cache.get("a", lambda: "never made")
    cache.get("c", lambda: "123")  # b makes room, because a was used after it
    assert cache.bytes == 8
    assert cache.get("a", lambda: "made again") == "12345"
    assert cache.get("b", lambda: "again") == "again"


def test_a_value_above_the_limit_is_returned_but_not_kept():
    cache = Recent[str](3, len)
    cache.get("small", lambda: "1")
    assert cache.get("large", lambda: "12345") == "12345"
    assert cache.bytes == 1
    assert cache.get("small", lambda: "made again") == "1"


def test_concurrent_readers_get_one_value():
    cache, start, made = Recent[list[int]](100, len), Barrier(8), []

    def make() -> list[int]:
        made.append(1)
        return made

    def ask() -> None:
        start.wait()
        cache.get("one", make)

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]
