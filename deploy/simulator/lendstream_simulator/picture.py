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
    LoanEvent,
    LoanOpened,
)
from lendstream.events.notification import NotificationFailed, NotificationSent, NotificationSkipped, SkipReason
from lendstream_simulator.accounts import Account
from lendstream_simulator.facts import Facts
from lendstream_simulator.lives import Life, lives
from lendstream_simulator.scripts import Habit, Script

_NO_SCRIPT = Script(Habit.ON_TIME, 0)
"""An account is read here for what it owes, not for what its borrower will do."""
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
    charged_off: int
    """Given up, and still owed."""
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
        ("paid out", sum(life.payouts > 0 for life in lives(facts).values())),
        ("closed", sum(life.closed for life in lives(facts).values())),
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
    out = {loan: life for loan, life in lives(facts).items() if life.payouts}
    bucket_of = {each.loan_id: each.bucket for each in _in_sequence(facts.data(DelinquencyChanged))}
    overdue = _overdue(facts)
    buckets: dict[Bucket, list[Life]] = {bucket: [] for bucket in Bucket}
    for loan, life in out.items():
        if not life.closed and not life.charged_off:
            buckets[bucket_of.get(loan, Bucket.CURRENT)].append(life)
    positions = {
        bucket: Position(
            loans=len(members),
            principal=sum(life.owed for life in members),
            overdue=sum(overdue.get(life.loan_id, 0) for life in members),
        )
        for bucket, members in buckets.items()
    }
    return Book(
        lent=sum(life.lent for life in out.values()),
        closed=sum(life.closed for life in out.values()),
        charged_off=sum(life.charged_off and not life.closed for life in out.values()),
        cancelled=len({each.loan_id for each in facts.data(LoanCancelled)}),
        buckets=positions,
    )


def _overdue(facts: Facts) -> Mapping[UUID, int]:
    """By loan: what its schedule asked for before the last business day and nothing has settled, penalties apart."""
    accounts = {each.loan_id: Account(each, _NO_SCRIPT) for each in facts.data(LoanOpened)}
    for event in _in_sequence([each.data for each in facts.every if isinstance(each.data, LoanEvent)]):
        if event.loan_id in accounts:
            accounts[event.loan_id].see(event)
    today = facts.last_day
    return {
        loan: sum(
            account.open(number)
            for number, row in account.schedule.items()
            if today is not None and row.due_date < today
        )
        for loan, account in accounts.items()
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
