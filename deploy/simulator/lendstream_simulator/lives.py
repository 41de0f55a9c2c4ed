"""What a loan owes by its events alone: the schedule is not asked, only what was lent, paid, let go and given up. Pure.

Two readings of one life: what the customer owes, and what stands in the books, which stops at a charge-off.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from lendstream.events.loan import (
    Allocation,
    AmountWaived,
    LoanChargedOff,
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
    RefundRequested,
    RescheduleReason,
    WaiverUndone,
)
from lendstream_simulator.facts import Facts

Holding = PaymentApplied | PaymentReallocated
"""What says where a payment counts."""


@dataclass(slots=True)
class Life:
    """One loan after all of its events."""

    loan_id: UUID
    opened: LoanOpened | None = None
    lent: int = 0
    """Principal of all payouts, as far as the payouts say it."""
    payouts: int = 0
    owed: int = 0
    """Principal that the customer owes."""
    booked: int = 0
    """Principal that stands in the books."""
    charged_off: bool = False
    closed: bool = False
    out_of_turn: int = 0
    """Closings of a closed loan, and reopenings of an open one."""
    payments: dict[str, Holding] = field(default_factory=dict)
    """Where each payment counts; those undone are gone."""
    stated_principal: int | None = None
    """What the last event that said so called the principal outstanding, unless something moved it since.

    What is found late says what was owed on its own day, without what came after: no word on today.
    """
    stated_total: int | None = None
    """The same of everything outstanding."""
    refunded: int = 0
    over_refunded: int = 0
    """The most by which refund orders went beyond what payments had left over when they were given."""
    _latest: date = date.min
    """The latest day from which anything of the loan counts."""

    @property
    def credit(self) -> int:
        """What payments left over."""
        return sum(each.credit for each in self.payments.values())

    def see(self, event: LoanEvent) -> None:
        """Fold the next event."""
        match event:
            case LoanOpened():
                self.opened = event
            case LoanDisbursed():
                self._disburse(event)
            case PaymentApplied() | PaymentReallocated() | PaymentUndone():
                self._pay(event)
            case LoanChargedOff():
                self.booked -= event.principal
                self.charged_off = True
            case LoanClosed() | LoanReopened():
                self._turn(event)
            case _:
                self._change(event)
        if isinstance(event, PaymentApplied | PaymentUndone | AmountWaived | LoanRescheduled):
            now = self._counts_from(_day_of(event))
            self.stated_principal = event.principal_outstanding if now else None
            self.stated_total = event.total_outstanding if now else None

    def _turn(self, event: LoanClosed | LoanReopened) -> None:
        closes = isinstance(event, LoanClosed)
        self.out_of_turn += closes is self.closed
        self.closed = closes
        if isinstance(event, LoanReopened):
            self.stated_total = event.total_outstanding

    def _change(self, event: LoanEvent) -> None:
        match event:
            case AmountWaived():
                self._move(-principal(event.allocations))
            case WaiverUndone():
                self._move(principal(event.allocations))
                self.stated_principal = self.stated_total = None
            case LoanRescheduled():
                parts = event.capitalised_interest + event.capitalised_fee + event.capitalised_penalty
                self._move(-abs(parts) if event.reason is RescheduleReason.RESTRUCTURE_UNDONE else parts)
            case RefundRequested():
                self.over_refunded = max(self.over_refunded, self.refunded + event.amount - self.credit)
            case RefundPaid():
                self.refunded += event.amount

    def _counts_from(self, day: date | None) -> bool:
        """Whether nothing counts from a later day; None is today, after all of it."""
        if day is None:
            return True
        late, self._latest = day < self._latest, max(day, self._latest)
        return not late

    def _disburse(self, event: LoanDisbursed) -> None:
        """Who does not say the principal of a payout, has one payout of all of it."""
        known = self.opened.principal if self.opened else 0
        amount = event.principal or known
        self.lent += amount
        self.payouts += 1
        self._move(amount)
        self._counts_from(event.disbursed_on)
        self.stated_principal = self.stated_total = None

    def _pay(self, event: PaymentApplied | PaymentReallocated | PaymentUndone) -> None:
        if isinstance(event, PaymentApplied):
            self._move(-principal(event.allocations))
        else:
            self._move(principal(event.previous))
        if isinstance(event, PaymentReallocated):
            self._move(-principal(event.allocations))
        if isinstance(event, PaymentUndone):
            self.payments.pop(event.payment_id, None)
        else:
            self.payments[event.payment_id] = event

    def _move(self, amount: int) -> None:
        self.owed += amount
        if not self.charged_off:
            self.booked += amount


def _day_of(event: PaymentApplied | PaymentUndone | AmountWaived | LoanRescheduled) -> date | None:
    """The day for which the event states what is owed; None: for its own business day, whatever it is about."""
    match event:
        case PaymentApplied():
            return event.value_date
        case AmountWaived():
            return event.waived_on
        case _:
            return None


def principal(parts: Iterable[Allocation]) -> int:
    """The principal in some allocations."""
    return sum(part.principal for part in parts)


def total(part: Allocation) -> int:
    """All of an allocation."""
    return part.fee + part.penalty + part.interest + part.principal


def lives(facts: Facts) -> dict[UUID, Life]:
    """Every loan's life, its distinct events in the order of their sequence."""
    events: dict[UUID, dict[int, LoanEvent]] = defaultdict(dict)
    for each in facts.every:
        if isinstance(each.data, LoanEvent):
            events[each.data.loan_id].setdefault(each.data.sequence, each.data)
    found: dict[UUID, Life] = {}
    for loan_id, by_sequence in events.items():
        life = found[loan_id] = Life(loan_id)
        for sequence in sorted(by_sequence):
            life.see(by_sequence[sequence])
    return found
