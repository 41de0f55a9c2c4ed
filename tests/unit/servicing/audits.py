"""What must hold of a loan whatever happened to it."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from lendstream.events.loan import (
    Allocation,
    AmountWaived,
    LateFeeCharged,
    LateFeeReversed,
    LoanClosed,
    LoanDisbursed,
    LoanEvent,
    LoanOpened,
    LoanReopened,
    LoanRescheduled,
    PaymentApplied,
    PaymentReallocated,
    PaymentUndone,
    RefundPaid,
    ScheduledInstalment,
    WaiverUndone,
)
from lendstream_servicing.domain.life import concluded, corrected
from lendstream_servicing.domain.loan import Kind, Loan, Policy, Status
from lendstream_servicing.domain.walk import Walk
from unit.servicing.teller import Teller


def where_it_stands(loan: Loan) -> dict[str, Any]:
    """What follows from what was agreed and what happened, however it was found."""
    return {
        "instalments": loan.instalments,
        "status": loan.status,
        "credit": loan.credit,
        "anchor": (loan.anchor_on, loan.anchor_interest, loan.anchor_subsidy),
        "annual_rate": loan.annual_rate,
        "original": loan.original,
        "bucket": loan.bucket,
        "charged_off_on": loan.charged_off_on,
        "ended": (loan.ended_on, loan.ending),
        "entries": {
            entry.id: (entry.parts, entry.fee, entry.unallocated, entry.capitalised, entry.recovery)
            for entry in loan.entries
            if entry.undone_on is None and entry.applied_on is not None
        },
    }


def derives_to_itself(loan: Loan, today: date, policy: Policy) -> None:
    """Derived anew from its entries, a loan is what step after step has made of it, and nothing new is told."""
    if loan.disbursed_on is None:
        return
    carried, told = concluded(loan, Walk(loan, policy), today, policy)
    anew, told_anew = corrected(loan, today, policy, "")
    assert where_it_stands(anew) == where_it_stands(carried)
    assert [each.func for each in told_anew] == [each.func for each in told]  # type: ignore[attr-defined]


def is_conserved(loan: Loan) -> None:
    """Money goes somewhere, once; and what the tables refuse does not occur."""
    live = [each for each in loan.entries if each.undone_on is None and each.applied_on is not None]
    for entry in live:
        if entry.kind is Kind.PAYMENT:
            parts = sum(part.fee + part.penalty + part.interest + part.principal for part in entry.parts)
            assert parts + entry.fee + entry.unallocated == entry.amount
        assert all(min(part[1:5]) >= 0 and any(part[1:5]) for part in entry.parts if entry.kind is not Kind.CHARGE_OFF)
    settling = [each for each in live if each.kind in (Kind.PAYMENT, Kind.WAIVER, Kind.RELIEF)]
    for place, column in ((1, "fee_paid"), (2, "penalty_paid"), (3, "interest_paid"), (4, "principal_paid")):
        settled = sum(part[place] for entry in settling for part in entry.parts)
        assert settled == sum(getattr(row, column) for row in loan.instalments), column
    refunds = sum(each.amount for each in live if each.kind is Kind.REFUND)
    assert loan.credit == sum(each.unallocated for each in live if each.kind is Kind.PAYMENT) - refunds
    assert loan.credit >= 0 or refunds
    if loan.disbursed_on is not None:
        assert loan.principal_outstanding == paid_out(loan) + capitalised(loan) - sum(
            part.principal for entry in settling for part in entry.parts
        )
        assert loan.principal_outstanding >= 0
        assert loan.total_outstanding >= loan.principal_outstanding
    for row in loan.instalments:
        assert 0 <= row.principal_paid <= row.principal
        assert 0 <= row.interest_paid <= row.interest
        assert 0 <= row.fee_paid <= row.fee
        assert 0 <= row.penalty_paid <= row.late_fee + row.penalty
        assert min(row.late_fee, row.penalty, row.subsidy, row.penalty_base) >= 0
        assert row.settled_on is None or row.outstanding == 0
    numbers = [row.number for row in loan.instalments]
    assert numbers == sorted(set(numbers))
    days = [row.due_date for row in loan.instalments]
    assert days == sorted(days)
    if loan.status is Status.CLOSED:
        assert loan.total_outstanding == 0
        assert loan.credit >= 0


def paid_out(loan: Loan) -> int:
    """The principal that went out."""
    first = loan.contract.principal - loan.contract.later
    return first + sum(each.amount for each in loan.payouts if each.done_on is not None)


def capitalised(loan: Loan) -> int:
    """What became principal."""
    return sum(sum(each.capitalised) for each in loan.entries if each.undone_on is None)


class Folded:
    """A loan as a reader of its events alone sees it."""

    def __init__(self) -> None:
        self.schedule: dict[int, ScheduledInstalment] = {}
        self.parts: dict[str, tuple[Allocation, ...]] = {}
        self.late_fees: dict[int, int] = {}
        self.credit = 0
        self.sequence = 0
        self.closed = False

    def read(self, event: LoanEvent) -> None:
        """Fold one event."""
        assert event.sequence == self.sequence + 1
        self.sequence = event.sequence
        self._terms(event)
        self._settled(event)

    def _terms(self, event: LoanEvent) -> None:
        match event:
            case LoanOpened() | LoanRescheduled():
                self.schedule = {row.number: row for row in event.instalments}
            case LateFeeCharged():
                self.late_fees[event.instalment] = self.late_fees.get(event.instalment, 0) + event.amount
            case LateFeeReversed():
                self.late_fees[event.instalment] -= event.amount
            case LoanClosed() | LoanReopened():
                self.closed = isinstance(event, LoanClosed)
            case _:
                pass

    def _settled(self, event: LoanEvent) -> None:
        match event:
            case PaymentApplied():
                self.parts[event.payment_id] = event.allocations
                self.credit += event.credit
            case PaymentReallocated():
                self.parts[event.payment_id] = event.allocations
                self.credit += event.credit - event.previous_credit
            case PaymentUndone():
                del self.parts[event.payment_id]
                self.credit -= event.previous_credit
            case AmountWaived():
                self.parts[str(event.waiver_id)] = event.allocations
            case WaiverUndone():
                del self.parts[str(event.waiver_id)]
            case RefundPaid():
                self.credit -= event.amount
            case _:
                pass

    def owed(self) -> dict[int, tuple[int, int, int]]:
        """Principal, interest and fee that are owed, by instalment."""
        owed = {row.number: [row.principal, row.interest, row.fee] for row in self.schedule.values()}
        for part in (part for parts in self.parts.values() for part in parts):
            place = owed[part.instalment]
            place[0] -= part.principal
            place[1] -= part.interest
            place[2] -= part.fee
        return {number: (left[0], left[1], left[2]) for number, left in owed.items()}


def folded(events: Iterable[LoanEvent]) -> Folded:
    """The loan that events tell of."""
    fold = Folded()
    for event in events:
        fold.read(event)
    return fold


def is_told(loan: Loan, events: Iterable[LoanEvent]) -> None:
    """Its events alone rebuild the loan."""
    fold = folded(events)
    assert fold.sequence == loan.sequence
    assert fold.credit == loan.credit
    assert fold.closed == (loan.status is Status.CLOSED)
    owed = {
        row.number: (row.principal - row.principal_paid, row.interest - row.interest_paid, row.fee - row.fee_paid)
        for row in loan.instalments
    }
    assert fold.owed() == owed
    late_fees = {number: fee for number, fee in fold.late_fees.items() if fee}
    assert late_fees == {row.number: row.late_fee for row in loan.instalments if row.late_fee}
    assert [(row.due_date, row.subsidy) for row in fold.schedule.values()] == [
        (row.due_date, row.subsidy) for row in loan.instalments
    ]


def is_booked(teller: Teller) -> None:
    """Every journal balances, and the book says what the loan says."""
    loan = teller.loan
    for journal in teller.journals():
        assert sum(line.amount for line in journal.lines) == 0
    books = teller.balances()
    principal = 0 if loan.charged_off_on is not None else loan.principal_outstanding
    assert books.get("loan_principal", 0) == (principal if loan.disbursed_on else 0)
    payments = [each for each in loan.entries if each.kind is Kind.PAYMENT and each.undone_on is None]
    in_suspense = sum(each.amount for each in payments if each.applied_on is None)
    assert books.get("suspense", 0) == -in_suspense
    refunds = sum(each.amount for each in loan.entries if each.kind is Kind.REFUND)
    out = sum(event.amount for event in teller.all_of(LoanDisbursed))
    assert books.get("bank", 0) == sum(each.amount for each in payments) - out - refunds
    assert books.get("customer_credit", 0) == -loan.credit
    if loan.status not in (Status.CHARGED_OFF, Status.CLOSED):
        assert books.get("subsidy_receivable", 0) == sum(row.subsidy for row in loan.instalments)


def hold(teller: Teller) -> None:
    """All of it."""
    loan = teller.loan
    derives_to_itself(loan, teller.today, teller.policy)
    is_conserved(loan)
    is_told(loan, teller.told())
    is_booked(teller)
