"""What was published, one line for each event, with everything in it that is money: to be read in a story.

LoanDisbursed 100000
  journal disbursement: loan_principal 100000, bank -100000
PaymentApplied 17156 as #1 interest 833 principal 16323 settled; owed 83677 of 85780
"""

from collections.abc import Callable, Iterable
from typing import Any

from lendstream.events.base import Event
from lendstream.events.ledger import JournalPosted
from lendstream.events.loan import (
    Allocation,
    AmountWaived,
    DelinquencyChanged,
    DisbursementRequested,
    InstalmentOverdue,
    LateFeeCharged,
    LateFeeReversed,
    LoanChargedOff,
    LoanClosed,
    LoanDisbursed,
    LoanOpened,
    LoanReopened,
    LoanRescheduled,
    PaymentApplied,
    PaymentReallocated,
    PaymentRequested,
    PaymentUndone,
    RefundPaid,
    RefundRequested,
    WaiverUndone,
)
from lendstream_servicing.ledger import chart

_ROLES = chart().roles
_PARTS = ("fee", "penalty", "interest", "principal")


def tale(events: Iterable[Event]) -> list[str]:
    """The events, told."""
    return [_TOLD[type(event)](event) for event in events]


def schedule(event: LoanOpened | LoanRescheduled) -> list[tuple[str, int, int, int]]:
    """Due date, principal, interest and fee of each instalment."""
    return [(str(row.due_date), row.principal, row.interest, row.fee) for row in event.instalments]


def _money(**amounts: int) -> str:
    return ", ".join(f"{name} {amount}" for name, amount in amounts.items() if amount) or "nothing"


def _parts(allocations: Iterable[Allocation]) -> str:
    told = []
    for part in allocations:
        amounts = " ".join(f"{name} {getattr(part, name)}" for name in _PARTS if getattr(part, name))
        told.append(f"#{part.instalment} {amounts}{' settled' if part.settled else ''}")
    return ", ".join(told) or "nothing"


def _where(allocations: Iterable[Allocation], fee: int, credit: int) -> str:
    rest = [f"{name} {amount}" for name, amount in (("fee", fee), ("credit", credit)) if amount]
    return "; ".join([_parts(allocations), *rest])


def _applied(event: PaymentApplied) -> str:
    kind = "recovery" if event.recovery else "payment"
    where = _where(event.allocations, event.fee, event.credit)
    owed = f"owed {event.principal_outstanding} of {event.total_outstanding}"
    return f"{kind} {event.payment_id} {event.amount}: {where}; {owed}"


def _undone(event: PaymentUndone) -> str:
    where = _where(event.previous, event.previous_fee, event.previous_credit)
    owed = f"owed {event.principal_outstanding} of {event.total_outstanding}"
    return f"undone {event.payment_id} {event.amount}: {where}; {owed}"


def _reallocated(event: PaymentReallocated) -> str:
    before = _where(event.previous, event.previous_fee, event.previous_credit)
    return f"moved {event.payment_id}: {before} -> {_where(event.allocations, event.fee, event.credit)}"


def _rescheduled(event: LoanRescheduled) -> str:
    interest, fee, penalty = event.capitalised_interest, event.capitalised_fee, event.capitalised_penalty
    became = _money(interest=interest, fee=fee, penalty=penalty)
    more = f"; capitalised {became}" if became != "nothing" else ""
    owed = f"owed {event.principal_outstanding} of {event.total_outstanding}"
    return f"rescheduled for {event.reason} over {len(event.instalments)}; {owed}{more}"


def _journal(event: JournalPosted) -> str:
    return f"  {event.kind}: " + ", ".join(f"{_ROLES[line.account]} {line.amount}" for line in event.lines)


def _charged_off(event: LoanChargedOff) -> str:
    given = _money(principal=event.principal, interest=event.interest, fee=event.fee, penalty=event.penalty)
    return f"charged off after {event.days_past_due} days: {given}"


_TOLD: dict[type[Event], Callable[[Any], str]] = {
    LoanOpened: lambda event: f"opened {event.principal} over {len(event.instalments)}",
    DisbursementRequested: lambda event: f"pay out {event.amount} on {event.pay_on} to the {event.recipient}",
    LoanDisbursed: lambda event: f"paid out {event.amount}",
    PaymentApplied: _applied,
    PaymentReallocated: _reallocated,
    PaymentUndone: _undone,
    PaymentRequested: lambda event: f"collect {event.amount} on {event.collect_on}, attempt {event.attempt}",
    InstalmentOverdue: lambda event: f"#{event.instalment} overdue {event.amount}",
    LateFeeCharged: lambda event: f"late fee {event.amount} on #{event.instalment}",
    LateFeeReversed: lambda event: f"late fee {event.amount} off #{event.instalment}",
    DelinquencyChanged: lambda event: (
        f"{event.previous} -> {event.bucket}: {event.overdue_amount} late {event.days_past_due} days"
    ),
    LoanRescheduled: _rescheduled,
    AmountWaived: lambda event: f"waived for {event.reason}: {_parts(event.allocations)}",
    WaiverUndone: lambda event: f"waiver for {event.reason} undone: {_parts(event.allocations)}",
    LoanChargedOff: _charged_off,
    RefundRequested: lambda event: f"refund {event.amount} to {event.refund_account}",
    RefundPaid: lambda event: f"refunded {event.amount}",
    LoanClosed: lambda event: f"closed: {event.reason} on {event.closed_on}, credit {event.credit}",
    LoanReopened: lambda event: f"owed again: {event.total_outstanding}",
    JournalPosted: _journal,
}
