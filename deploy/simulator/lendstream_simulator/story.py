"""One borrower's story across the topics, told without a direct identifier. Pure."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from lendstream.envelope import Envelope
from lendstream.events import application, decision, intake, ledger, loan, notification, payment
from lendstream.events.base import Event
from lendstream.events.calendar import BusinessDayStarted
from lendstream_simulator.facts import Facts
from lendstream_simulator.lives import total


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
    sign, amount = "-" if amount < 0 else "", abs(amount)
    return f"{sign}{currency} {amount // 100:,}.{amount % 100:02d}"


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


def _parts(parts: Iterable[loan.Allocation]) -> str:
    return ", ".join(f"no. {each.instalment}{' settled' if each.settled else ''}" for each in parts) or "credit"


def _applied(event: loan.PaymentApplied) -> str:
    left = money(event.principal_outstanding, event.currency)
    wanted = f", to {event.intent.value.replace('_', ' ')}" if event.intent else ""
    recovery = ", a recovery" if event.recovery else ""
    whole = money(event.amount, event.currency)
    return f"{whole} to {_parts(event.allocations)}{wanted}{recovery}; principal left {left}"


def _reallocated(event: loan.PaymentReallocated) -> str:
    where = f"from {_parts(event.previous)} to {_parts(event.allocations)}"
    return f"{money(event.amount, event.currency)} of {event.value_date} {where}, for {event.cause}"


def _undone(event: loan.PaymentUndone) -> str:
    return f"{money(event.amount, event.currency)} of {event.value_date}, {event.reason}; owed again"


def _requested(event: loan.PaymentRequested) -> str:
    numbers = ", ".join(f"no. {each}" for each in event.instalments)
    return f"{money(event.amount, event.currency)} for {numbers} on {event.collect_on}, attempt {event.attempt}"


def _disbursed(event: loan.LoanDisbursed | loan.DisbursementRequested) -> str:
    return money(event.amount, event.currency) + (f", part {event.part}" if event.part else "")


def _rescheduled(event: loan.LoanRescheduled) -> str:
    last = event.instalments[-1]
    why = event.reason.value.replace("_", " ") + (f" ({event.detail})" if event.detail else "")
    return f"{why}: {len(event.instalments)} instalments to {last.due_date} at {event.annual_rate}"


def _waived(event: loan.AmountWaived | loan.WaiverUndone) -> str:
    return f"{money(sum(map(total, event.allocations)), event.currency)}, {event.reason.value.replace('_', ' ')}"


def _charged_off(event: loan.LoanChargedOff) -> str:
    given_up = money(event.principal + event.interest + event.fee + event.penalty, event.currency)
    return f"{given_up} after {event.days_past_due} days: {event.reason}"


def _delinquency(event: loan.DelinquencyChanged) -> str:
    known = event.classification is not loan.Classification.NORMAL
    quality = f", {event.classification.value.replace('_', ' ')}" if known else ""
    return f"{event.previous} to {event.bucket}, {event.days_past_due} days past due{quality}"


def _refund(event: loan.RefundRequested | loan.RefundPaid | payment.RefundConfirmed) -> str:
    return f"{money(event.amount, event.currency)} of the credit balance"


def _late_fee(event: loan.LateFeeCharged | loan.LateFeeReversed) -> str:
    return f"no. {event.instalment}, {money(event.amount, event.currency)}"


def _received(event: payment.PaymentReceived) -> str:
    wanted = f", to {event.intent.value.replace('_', ' ')}" if event.intent else ""
    return f"{money(event.amount, event.currency)} by {event.channel}, value date {event.value_date}{wanted}"


def _posted(event: ledger.JournalPosted) -> str:
    sides = ", ".join(
        f"{'debit' if each.amount > 0 else 'credit'} {each.account} {money(abs(each.amount), event.currency)}"
        for each in event.lines
    )
    return f"no. {event.number}, {event.kind.value.replace('_', ' ')}: {sides}"


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
    loan.DisbursementRequested: lambda e: f"{_disbursed(e)} on {e.pay_on}, attempt {e.attempt}",
    loan.LoanDisbursed: _disbursed,
    loan.LoanCancelled: lambda e: e.reason,
    loan.PaymentApplied: _applied,
    loan.InstalmentOverdue: lambda e: f"no. {e.instalment}, due {e.due_date}, {money(e.amount, e.currency)}",
    loan.PaymentRequested: _requested,
    loan.PaymentReallocated: _reallocated,
    loan.PaymentUndone: _undone,
    loan.LateFeeCharged: _late_fee,
    loan.LateFeeReversed: _late_fee,
    loan.LoanRescheduled: _rescheduled,
    loan.AmountWaived: _waived,
    loan.WaiverUndone: _waived,
    loan.HardshipRequested: lambda e: f"{e.circumstance}: {e.detail}",
    loan.LoanChargedOff: _charged_off,
    loan.RefundRequested: _refund,
    loan.RefundPaid: _refund,
    loan.DelinquencyChanged: _delinquency,
    loan.LoanClosed: lambda e: f"{e.reason.value}, credit {money(e.credit, e.currency)}",
    loan.LoanReopened: lambda e: f"{money(e.total_outstanding, e.currency)} owed again",
    ledger.JournalPosted: _posted,
    payment.PaymentReceived: _received,
    payment.PaymentFailed: lambda e: e.reason.value.replace("_", " "),
    payment.PaymentReversed: lambda e: e.reason,
    payment.RefundConfirmed: _refund,
    payment.RefundFailed: lambda e: e.reason,
    payment.DisbursementConfirmed: lambda e: money(e.amount, e.currency),
    payment.DisbursementFailed: lambda e: e.reason,
    notification.NotificationSent: lambda e: f"{_message(e)}, by {e.channel}",
    notification.NotificationSkipped: lambda e: f"{_message(e)}: {e.reason}",
    notification.NotificationFailed: lambda e: f"{_message(e)}: {e.reason}",
}
