"""How long each kind of work takes."""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class Stopwatch:
    """Adds up the time of each kind of work."""

    def __init__(self) -> None:
        self._seconds: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def timing(self, work: str) -> Iterator[None]:
        """Count what is done inside as this kind of work."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[work] += time.perf_counter() - begun

    def timing_each(self, work: str, items: Iterable[T]) -> Iterator[T]:
        """The items; what it takes to get each of them counts as this kind of work."""
        iterator = iter(items)
        while True:
            with self.timing(work):
                try:
                    item = next(iterator)
                except StopIteration:
                    return
            yield item

    def read(self) -> dict[str, float]:
        """Milliseconds by kind of work."""
        return {work: round(seconds * 1000, 2) for work, seconds in self._seconds.items()}
