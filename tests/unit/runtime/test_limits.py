"""When dead letters stop a consumer."""

import pytest

from lendstream.runtime.limits import DeadLetterLimits, TooManyDeadLettersError


def test_a_row_of_dead_letters_stops_across_batches() -> None:
    limits = DeadLetterLimits(max_consecutive=3, max_ratio=1)
    limits.check([True] * 3)
    limits.note([True] * 3)
    with pytest.raises(TooManyDeadLettersError, match="in a row"):
        limits.check([True])
    limits.check([False, True, True, True])


def test_a_check_alone_counts_nothing() -> None:
    limits = DeadLetterLimits(max_consecutive=3, max_ratio=1)
    for _ in range(10):
        limits.check([True] * 3)


def test_a_large_share_stops_once_there_are_enough_records() -> None:
    limits = DeadLetterLimits(max_consecutive=100, max_ratio=0.5, window=10)
    limits.note([True, False] * 4)
    limits.check([True])  # nine records: too few to judge
    limits.check([True, False])
    with pytest.raises(TooManyDeadLettersError, match="6 dead letters in the last 10"):
        limits.check([True, True])
