"""What is under way, what was answered, how long it took: the folds over a whole story."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from lendstream.envelope import Record
from lendstream.events import application
from lendstream.events.base import Event
from lendstream.events.decision import ApplicationDecided
from lendstream.events.intake import ApplicationStatusChanged, OfferMade, SubmissionRejected
from lendstream.events.loan import LoanDisbursed, LoanOpened, PaymentApplied
from lendstream_simulator.actor import opened
from lendstream_simulator.calendar import Calendar
from lendstream_simulator.journal import Delivery, Journal, deliveries
from lendstream_simulator.latency import Latency
from lendstream_simulator.progress import Progress
from lendstream_simulator.statistics import statistics
from unit.simulator.played import START, story


def kept(*missing: type[Event]) -> list[Record]:
    """The story's records without the first event of each of these types."""
    records, left = [], list(missing)
    for each in story().records:
        envelope = opened(each)
        if envelope is not None and type(envelope.data) in left:
            left.remove(type(envelope.data))
        else:
            records.append(each)
    assert not left
    return records


def waiting(records: list[Record], held: Callable[[UUID], bool] = lambda loan: False) -> list[str]:
    progress = Progress()
    for each in records:
        progress.see(each, opened(each))
    return list(progress.waiting(held))


def test_a_settled_story_waits_for_nothing() -> None:
    assert waiting(story().records) == []
    assert waiting([*story().records, *story().records]) == []


@pytest.mark.parametrize(
    ("missing", "awaited"),
    [
        ((SubmissionRejected,), "rejection of record|answer to"),
        ((LoanOpened,), "the loan of application"),
        ((PaymentApplied,), "the application of payment"),
    ],
)
def test_waits_for_the_answer(missing: tuple[type[Event], ...], awaited: str) -> None:
    (found,) = waiting(kept(*missing))
    assert any(each in found for each in awaited.split("|"))


def test_waits_for_a_payout_that_the_bank_does_not_hold() -> None:
    (found,) = waiting(kept(LoanDisbursed))
    assert found.startswith("the payout of loan")
    assert waiting(kept(LoanDisbursed), held=lambda loan: True) == []


def test_waits_for_the_decision_of_what_was_taken() -> None:
    """Up to the reception of the first application nobody has answered it."""
    records = story().records
    last = next(number for number, each in enumerate(records) if _is(each, application.ApplicationReady))
    (found,) = waiting(records[: last + 1])
    assert found.startswith("the answer to S7-")


def test_does_not_wait_for_offers_that_nobody_answers() -> None:
    records = story().records
    made = next(number for number, each in enumerate(records) if _is(each, OfferMade))
    offered = next(number for number in range(made, len(records)) if _is(records[number], ApplicationStatusChanged))
    assert waiting(records[: offered + 1]) == []


def test_statistics_count_distinct_things() -> None:
    play = story()
    once = statistics(play.progress, play.borrowers.payments, 3, 4)
    progress = Progress()
    for each in [*play.records, *play.records]:
        progress.see(each, opened(each))
    assert statistics(progress, play.borrowers.payments, 3, 4) == once
    assert once.submitted == once.received + once.rejected - _rejected_answers(play.records)
    assert once.received == once.approved + once.declined
    assert once.loans == once.accepted == once.payouts
    astray = [each for each in play.progress.payments.values() if not play.progress.takes(each)]
    assert {each.currency for each in astray} == {"CNY", "USD"}
    assert once.payments - len(astray) == once.applied
    assert (once.mails, once.texts) == (3, 4)


def _rejected_answers(records: list[Record]) -> int:
    """Rejections of acceptances and withdrawals, which are no submissions."""
    rejected = [each.data for each in map(opened, records) if each and isinstance(each.data, SubmissionRejected)]
    return sum(each.rejected_type in ("OfferAccepted", "ApplicationWithdrawn") for each in rejected)


def test_latency_runs_from_the_button_to_the_first_answer_that_the_broker_has() -> None:
    records = [each for each in story().records if _is(each, ApplicationDecided)][:4]
    progress = Progress()
    for seconds, each in enumerate(records, 1):
        placed = replace(each, timestamp=_submitted_at(each) + timedelta(seconds=seconds))
        progress.see(placed, opened(placed))
    assert progress.stopwatch.to_decision == Latency(4, 2.0, 4.0)
    late = replace(records[0], timestamp=_submitted_at(records[0]) + timedelta(hours=1))
    progress.see(late, opened(late))
    assert progress.stopwatch.to_decision == Latency(4, 2.0, 4.0)


def _submitted_at(record: Record) -> datetime:
    envelope = opened(record)
    assert envelope is not None
    assert isinstance(envelope.data, ApplicationDecided)
    return envelope.data.submitted_at


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ([], Latency(0, 0.0, 0.0)),
        ([2.0], Latency(1, 2.0, 2.0)),
        ([3.0, 1.0, 2.0], Latency(3, 2.0, 3.0)),
        ([float(each) for each in range(1, 201)], Latency(200, 100.0, 198.0)),
    ],
)
def test_percentiles(seconds: list[float], expected: Latency) -> None:
    assert Latency.of(seconds) == expected


def test_the_calendar_goes_on_after_the_last_day() -> None:
    calendar = Calendar()
    assert calendar.next_day(START) == START
    announced = calendar.announcement(START)
    calendar.see(announced, opened(announced))
    assert calendar.next_day(START).isoformat() == "2026-03-03"
    assert calendar.next_day(START.replace(month=6)) == START.replace(month=6)
    assert calendar.announcement(START).header("ce_id") == announced.header("ce_id")


def test_a_journal_survives_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "mail.jsonl"
    Journal(path).append(key="a", result="delivered", id="<1@example.com>", name="王小明")
    with path.open("ab") as file:
        file.write('{"key": "b", "subject": "还'.encode()[:-1])
    journal = Journal(path)
    journal.append(key="c", result="refused", id="<3@example.com>")
    assert [each["key"] for each in journal.read()] == ["a", "c"]
    assert deliveries(tmp_path / "folder") == (Delivery("a", "mail", "<1@example.com>"),)


def _is(record: Record, kind: type[Event]) -> bool:
    envelope = opened(record)
    return envelope is not None and isinstance(envelope.data, kind)
