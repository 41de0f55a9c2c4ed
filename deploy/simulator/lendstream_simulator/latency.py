"""Seconds from a submission to what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self
from uuid import UUID

from lendstream.envelope import Envelope, Record
from lendstream.events.base import Event
from lendstream.events.decision import ApplicationDecided
from lendstream.events.loan import LoanOpened


@dataclass(frozen=True, slots=True)
class Latency:
    """Percentiles in seconds (nearest rank); zeros where nothing was measured."""

    count: int
    p50: float
    p99: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Self:
        """The percentiles of some measurements."""
        ordered = sorted(seconds)
        return cls(len(ordered), _percentile(ordered, 50), _percentile(ordered, 99))


def _percentile(ordered: Sequence[float], percent: int) -> float:
    return ordered[max(0, -(-percent * len(ordered) // 100) - 1)] if ordered else 0.0


@dataclass(slots=True)
class Stopwatch:
    """From the applicant's press of the button to the first decision and the first opening that the broker has.

    The end is the record's own time, which its producer sets when it sends; ce_time may follow from the cause.
    """

    decisions: dict[UUID, float] = field(default_factory=dict)
    """By application."""
    loans: dict[UUID, float] = field(default_factory=dict)
    """By application; the customer's answer to the offer lies within."""

    def see(self, record: Record, envelope: Envelope[Event] | None) -> None:
        """Fold a record of any topic."""
        if envelope is None or record.timestamp is None:
            return
        match envelope.data:
            case ApplicationDecided(application_id=id, submitted_at=submitted):
                self.decisions.setdefault(id, _seconds(submitted, record.timestamp))
            case LoanOpened(application_id=id, submitted_at=submitted):
                self.loans.setdefault(id, _seconds(submitted, record.timestamp))

    @property
    def to_decision(self) -> Latency:
        """From submission to decision."""
        return Latency.of(list(self.decisions.values()))

    @property
    def to_loan(self) -> Latency:
        """From submission to loan."""
        return Latency.of(list(self.loans.values()))


def _seconds(begin: datetime, end: datetime) -> float:
    """Record times are whole milliseconds, so that a quick answer may seem to come before its question."""
    return max(0.0, (end - begin).total_seconds())
