"""One borrower's story across the topics, told without a direct identifier. Pure."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from lendstream.envelope import Envelope
from lendstream.events import application, decision, intake, loan, notification, payment
from lendstream.events.base import Event
from lendstream.events.calendar import BusinessDayStarted
from lendstream_simulator.facts import Facts


@dataclass(frozen=True, slots=True)
class Line:
    """One event of the story."""

    day: date | None
    """The business day it fell on."""
    at: datetime | None
    """When the broker got it."""
    topic: str
    event: str
    text: str


def money(amount: int, currency: str) -> str:
    """Minor units for people, as `CNY 1,280.50`."""
    return f"{currency} {amount // 100:,}.{amount % 100:02d}"


def choose(facts: Facts) -> UUID | None:
    """A customer who missed an instalment and paid it later, if there is one; of one application, and eventful."""
    overdue = {(each.loan_id, each.instalment) for each in facts.data(loan.InstalmentOverdue)}
    late = {each.loan_id for each in facts.data(loan.InstalmentOverdue)}
    cured = {
        each.loan_id
        for each in facts.data(loan.PaymentApplied)
        for part in each.allocations
        if part.settled and (each.loan_id, part.instalment) in overdue
    }
    kinds: dict[UUID, set[str]] = defaultdict(set)
    rank: dict[UUID, int] = defaultdict(int)
    for envelope in facts.every:
        customer = getattr(envelope.data, "customer_id", None)
        if customer is not None:
            kinds[customer].add(envelope.type)
            loan_id = getattr(envelope.data, "loan_id", None)
            rank[customer] = max(rank[customer], 2 * (loan_id in cured) + (loan_id in late))
    asked = Counter(each.customer_id for each in facts.data(application.ApplicationReceived))
    return max(kinds, key=lambda each: (rank[each], -asked[each], len(kinds[each])), default=None)


def timeline(facts: Facts, customer: UUID) -> Iterator[Line]:
    """Every event of the customer, whichever topic it is on, in the order in which they came."""
    cases = {(e.partner, e.reference) for e in facts.data(application.ApplicationReceived) if e.customer_id == customer}
    loans = {each.loan_id for each in facts.data(loan.LoanOpened) if each.customer_id == customer}
    day: date | None = None
    for place, envelope in enumerate(facts.every):
        event = envelope.data
        if isinstance(event, BusinessDayStarted):
            day = event.day
        elif _belongs(envelope, customer, cases, loans):
            told = _TEXTS.get(type(event))
            text = told(event) if told else ""
            yield Line(day, facts.times.get(place), envelope.topic.family, envelope.type, text)


def _belongs(envelope: Envelope[Event], customer: UUID, cases: set[tuple[str, str]], loans: set[UUID]) -> bool:
    event = envelope.data
    if envelope.parameter is not None:
        return (envelope.parameter, getattr(event, "reference", "")) in cases
    return getattr(event, "customer_id", None) == customer or getattr(event, "loan_id", None) in loans


def _terms(event: intake.ApplicationSubmitted | application.ApplicationReceived) -> str:
    return f"{event.product}, {money(event.amount, event.currency)} in {event.instalments} instalments"


def _offer(event: intake.OfferMade) -> str:
    whole = money(event.total_to_repay, event.currency)
    return f"{money(event.amount, event.currency)} at {event.annual_rate}, APR {event.apr}, {whole} to repay"


def _decided(event: decision.ApplicationDecided) -> str:
    return f"{event.outcome}: {'; '.join(f'{each.code} {each.zh} / {each.en}' for each in event.reasons)}"


def _opened(event: loan.LoanOpened) -> str:
    first, last = event.instalments[0], event.instalments[-1]
    due = money(first.principal + first.interest + first.fee, event.currency)
    return f"{event.method}, {len(event.instalments)} instalments from {first.due_date} to {last.due_date}, first {due}"


def _applied(event: loan.PaymentApplied) -> str:
    parts = ", ".join(f"no. {each.instalment}{' settled' if each.settled else ''}" for each in event.allocations)
    left = money(event.principal_outstanding, event.currency)
    return f"{money(event.amount, event.currency)} to {parts or 'credit'}; principal left {left}"


def _message(event: notification.NotificationEvent) -> str:
    return event.kind + (f", instalment {event.instalment}" if event.instalment else "")


_TEXTS: dict[type[Event], Callable[..., str]] = {
    intake.ApplicationSubmitted: _terms,
    intake.ApplicationStatusChanged: lambda e: e.status.value,
    intake.OfferMade: _offer,
    intake.OfferAccepted: lambda e: "by the customer",
    intake.ApplicationWithdrawn: lambda e: e.reason,
    application.ApplicationReceived: _terms,
    application.ApplicationReady: lambda e: f"attempt {e.attempt}",
    application.OfferAccepted: lambda e: f"pay out on {e.disburse_on}",
    application.ApplicationWithdrawn: lambda e: e.reason,
    decision.ApplicationDecided: _decided,
    loan.LoanOpened: _opened,
    loan.DisbursementRequested: lambda e: f"{money(e.amount, e.currency)} on {e.pay_on}, attempt {e.attempt}",
    loan.LoanDisbursed: lambda e: money(e.amount, e.currency),
    loan.LoanCancelled: lambda e: e.reason,
    loan.PaymentApplied: _applied,
    loan.InstalmentOverdue: lambda e: f"no. {e.instalment}, due {e.due_date}, {money(e.amount, e.currency)}",
    loan.DelinquencyChanged: lambda e: f"{e.previous} to {e.bucket}, {e.days_past_due} days past due",
    loan.LoanClosed: lambda e: f"credit {money(e.credit, e.currency)}",
    payment.PaymentReceived: lambda e: f"{money(e.amount, e.currency)}, value date {e.value_date}",
    payment.DisbursementConfirmed: lambda e: money(e.amount, e.currency),
    payment.DisbursementFailed: lambda e: e.reason,
    notification.NotificationSent: lambda e: f"{_message(e)}, by {e.channel}",
    notification.NotificationSkipped: lambda e: f"{_message(e)}: {e.reason}",
    notification.NotificationFailed: lambda e: f"{_message(e)}: {e.reason}",
}
