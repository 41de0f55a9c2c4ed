"""The state of dead letters, folded from their topic."""

from datetime import UTC, datetime, timedelta

import pytest

from lendstream import dead_letter
from lendstream.cli import letters
from lendstream.dead_letter import Action, DeadLetter
from lendstream.envelope import Record

NOW = datetime(2026, 3, 2, 8, 15, 30, tzinfo=UTC)


def failed(offset: int, minutes: int = 0) -> Record:
    """A record of the dead-letter topic."""
    record = Record("lending.loan.v1", b"k", b"{}", (("ce_type", b"LoanOpened"),), 0, offset)
    at = NOW + timedelta(minutes=minutes)
    return dead_letter.dead_letter(record, service="risk", error=ValueError("no"), attempt=1, at=at)


def resolved(letter: Record, action: Action = Action.RETRIED) -> Record:
    """A resolution of it."""
    found = dead_letter.parse(letter)
    assert isinstance(found, DeadLetter)
    return dead_letter.resolution(found, action=action, at=NOW, by="li.na", reason="why")


def states(*records: Record) -> list[tuple[int, str, int]]:
    """Offset of the original, state, how often seen."""
    return [(each.letter.record.offset, each.state, each.seen) for each in letters.fold(records)[0]]


def test_a_dead_letter_is_open_until_it_is_resolved() -> None:
    assert states(failed(1), failed(2), resolved(failed(1))) == [(1, "retried", 1), (2, "open", 1)]
    assert states(failed(1), resolved(failed(1), Action.DROPPED)) == [(1, "dropped", 1)]


def test_the_same_record_is_one_dead_letter_with_its_last_error() -> None:
    assert states(failed(1), failed(2), failed(1, minutes=5)) == [(2, "open", 1), (1, "open", 2)]
    assert letters.fold([failed(1), failed(1, minutes=5)])[0][0].letter.at == NOW + timedelta(minutes=5)


def test_a_record_that_fails_again_after_its_resolution_is_open_again() -> None:
    assert states(failed(1), resolved(failed(1)), failed(1)) == [(1, "open", 2)]


def test_a_resolution_of_a_dead_letter_that_expired_is_passed_over() -> None:
    assert states(resolved(failed(1)), failed(2)) == [(2, "open", 1)]


def test_what_is_no_dead_letter_is_given_back() -> None:
    strange = Record("lending.dead-letter.risk.v1", b"k", b"v", (), 0, 5)
    assert letters.fold([failed(1), strange])[1] == [strange]


def test_a_dead_letter_is_found_by_the_first_characters_of_its_id() -> None:
    found, _ = letters.fold([failed(offset) for offset in range(40)])
    one = found[7]
    assert letters.by_id(found, str(one.letter.id)) is one
    assert letters.by_id(found, str(one.letter.id)[:12].upper()) is one
    with pytest.raises(letters.NotFound, match="no dead letter has the id"):
        letters.by_id(found, "zz")
    with pytest.raises(letters.NotFound, match="40 dead letters have ids"):
        letters.by_id(found, "")
