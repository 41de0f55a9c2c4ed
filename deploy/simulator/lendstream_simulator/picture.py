"""What the topics say of the whole business, in figures. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from lendstream.events.application import (
    ApplicationExpired,
    ApplicationReceived,
    ApplicationWithdrawn,
    OfferAccepted,
)
from lendstream.events.decision import ApplicationDecided, Outcome
from lendstream.events.intake import OfferMade, StatusReason, SubmissionRejected
from lendstream.events.loan import (
    Bucket,
    DelinquencyChanged,
    LoanCancelled,
    LoanClosed,
    LoanDisbursed,
    LoanEvent,
    LoanOpened,
    PaymentApplied,
)
from lendstream.events.notification import NotificationFailed, NotificationSent, NotificationSkipped, SkipReason
from lendstream_simulator.facts import Facts

L = TypeVar("L", bound=LoanEvent)


@dataclass(frozen=True, slots=True)
class Position:
    """The open loans of one bucket; amounts in minor units."""

    loans: int
    principal: int
    """Principal outstanding."""
    overdue: int
    """What is past due by the schedules, penalties apart."""


@dataclass(frozen=True, slots=True)
class Book:
    """The loans that were paid out."""

    lent: int
    """Principal of all loans paid out, minor units."""
    closed: int
    cancelled: int
    buckets: Mapping[Bucket, Position]
    """The open ones."""

    @property
    def open(self) -> int:
        """How many loans are open."""
        return sum(each.loans for each in self.buckets.values())

    @property
    def outstanding(self) -> int:
        """Principal outstanding, minor units."""
        return sum(each.principal for each in self.buckets.values())


@dataclass(frozen=True, slots=True)
class Messages:
    """What became of planned messages."""

    sent: Counter[tuple[str, str]]
    """By kind and channel."""
    cancelled: Counter[str]
    """Reminders that a payment made needless, by kind."""
    skipped: Counter[tuple[str, str]]
    """For other reasons, by kind and reason."""
    failed: Counter[tuple[str, str]]
    """By kind and what the provider said."""


def funnel(facts: Facts) -> Sequence[tuple[str, int]]:
    """From submission to paid-out loan."""
    decided = facts.data(ApplicationDecided)
    contents = sum(len(each.contents) for each in facts.answers.submissions.values())
    return (
        ("submitted by partners", contents + len(facts.answers.unreadable)),
        ("rejected with reasons", len(facts.answers.rejections)),
        ("received", len(facts.data(ApplicationReceived))),
        ("declined", sum(each.outcome is Outcome.DECLINED for each in decided)),
        ("approved", sum(each.outcome is Outcome.APPROVED for each in decided)),
        ("offers made", len(facts.data(OfferMade))),
        ("withdrawn", len(facts.data(ApplicationWithdrawn))),
        ("offers expired", len(facts.data(ApplicationExpired))),
        ("offers accepted", len(facts.data(OfferAccepted))),
        ("loans opened", len(facts.data(LoanOpened))),
        ("paid out", len(facts.data(LoanDisbursed))),
        ("closed", len(facts.data(LoanClosed))),
    )


def reasons(facts: Facts) -> Sequence[tuple[Outcome, StatusReason, int]]:
    """How often each reason was given, by outcome, the most frequent first."""
    texts: dict[tuple[Outcome, str], StatusReason] = {}
    found: Counter[tuple[Outcome, str]] = Counter()
    for decided in facts.data(ApplicationDecided):
        for reason in decided.reasons:
            texts[decided.outcome, reason.code] = reason
            found[decided.outcome, reason.code] += 1
    ordered = sorted(found.items(), key=lambda each: (each[0][0], -each[1]))
    return [(outcome, texts[outcome, code], count) for (outcome, code), count in ordered]


def rejections(facts: Facts) -> Counter[str]:
    """How often each reason for a rejection was given, by code."""
    return Counter(reason.code for each in facts.data(SubmissionRejected) for reason in each.reasons)


def book(facts: Facts) -> Book:
    """The loans as their last events left them."""
    opened = {each.loan_id: each for each in facts.data(LoanOpened)}
    disbursed = {each.loan_id for each in facts.data(LoanDisbursed)}
    closed = {each.loan_id for each in facts.data(LoanClosed)}
    outstanding = {each.loan_id: each.principal_outstanding for each in _in_sequence(facts.data(PaymentApplied))}
    bucket_of = {each.loan_id: each.bucket for each in _in_sequence(facts.data(DelinquencyChanged))}
    overdue = _overdue(facts)
    buckets: dict[Bucket, list[UUID]] = {bucket: [] for bucket in Bucket}
    for loan in disbursed - closed:
        buckets[bucket_of.get(loan, Bucket.CURRENT)].append(loan)
    positions = {
        bucket: Position(
            loans=len(loans),
            principal=sum(outstanding.get(loan, opened[loan].principal) for loan in loans if loan in opened),
            overdue=sum(overdue.get(loan, 0) for loan in loans),
        )
        for bucket, loans in buckets.items()
    }
    lent = sum(opened[loan].principal for loan in disbursed if loan in opened)
    return Book(lent, len(closed), len({each.loan_id for each in facts.data(LoanCancelled)}), positions)


def _overdue(facts: Facts) -> Mapping[UUID, int]:
    """By loan: what its schedule asked for before the last business day and no payment has settled."""
    paid: Counter[tuple[UUID, int]] = Counter()
    for each in facts.data(PaymentApplied):
        for part in each.allocations:
            paid[each.loan_id, part.instalment] += part.fee + part.interest + part.principal
    today = facts.last_day
    return {
        each.loan_id: sum(
            max(0, row.fee + row.interest + row.principal - paid[each.loan_id, row.number])
            for row in each.instalments
            if today is not None and row.due_date < today
        )
        for each in facts.data(LoanOpened)
    }


def messages(facts: Facts) -> Messages:
    """What became of every message key."""
    skipped = facts.data(NotificationSkipped)
    return Messages(
        sent=Counter((each.kind, each.channel.value) for each in facts.data(NotificationSent)),
        cancelled=Counter(each.kind for each in skipped if each.reason is SkipReason.PAID),
        skipped=Counter((each.kind, each.reason.value) for each in skipped if each.reason is not SkipReason.PAID),
        failed=Counter((each.kind, each.reason) for each in facts.data(NotificationFailed)),
    )


def dead_letters(facts: Facts) -> Counter[tuple[str, str]]:
    """By service and error."""
    return Counter((each.service, _code(each.error) or each.error_type) for each in facts.dead_letters)


def _code(error: str) -> str:
    """The stable code in the text of a data error, as in `loan_id: No such loan. [unknown_loan] Send ...`."""
    return error.partition("[")[2].partition("]")[0]


def _in_sequence(events: Sequence[L]) -> Sequence[L]:
    return sorted(events, key=lambda each: each.sequence)
