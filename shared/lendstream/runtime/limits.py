"""When so many records are poison that something else must be broken."""

from collections import deque
from collections.abc import Iterable


class TooManyDeadLettersError(Exception):
    """Too many dead letters: the consumer stops rather than drain a topic into them. Nothing of the batch was kept."""


class DeadLetterLimits:
    """Counts outcomes in order. `check` tells before a batch is committed, `note` after.

    The ratio counts over the last `window` records, once there are that many.
    """

    def __init__(self, max_consecutive: int, max_ratio: float, window: int = 1000) -> None:
        self._max_consecutive = max_consecutive
        self._max_ratio = max_ratio
        self._consecutive = 0
        self._last: deque[bool] = deque(maxlen=window)

    def check(self, outcomes: Iterable[bool]) -> None:
        """Raise TooManyDeadLettersError if these outcomes (True: a dead letter) would go over a limit."""
        consecutive = self._consecutive
        last = self._last.copy()
        for dead in outcomes:
            consecutive = consecutive + 1 if dead else 0
            last.append(dead)
            if consecutive > self._max_consecutive:
                raise TooManyDeadLettersError(f"more than {self._max_consecutive} dead letters in a row")
        if len(last) == last.maxlen and sum(last) > self._max_ratio * len(last):
            raise TooManyDeadLettersError(f"{sum(last)} dead letters in the last {len(last)} records")

    def note(self, outcomes: Iterable[bool]) -> None:
        """Count a committed batch."""
        for dead in outcomes:
            self._consecutive = self._consecutive + 1 if dead else 0
            self._last.append(dead)
