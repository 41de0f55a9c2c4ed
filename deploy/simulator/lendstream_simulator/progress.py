"""What is still under way on the platform, and how far all got: one fold over every topic."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from lendstream.envelope import Envelope, Record
from lendstream.events.application import ApplicationReceived, OfferAccepted
from lendstream.events.base import Event
from lendstream.events.calendar import BusinessDayStarted
from lendstream.events.decision import ApplicationDecided, Outcome
from lendstream.events.loan import (
    DisbursementRequested,
    LoanCancelled,
    LoanClosed,
    LoanDisbursed,
    LoanOpened,
    PaymentApplied,
    PaymentUndone,
    RefundPaid,
)
from lendstream.events.payment import (
    DisbursementConfirmed,
    DisbursementFailed,
    PaymentReceived,
    PaymentReversed,
    RefundConfirmed,
)
from lendstream_simulator.answers import Answers
from lendstream_simulator.latency import Stopwatch


@dataclass(slots=True)
class Progress:
    """The state of everything that was started. Records may come more than once."""

    answers: Answers = field(default_factory=Answers)
    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    received: set[UUID] = field(default_factory=set)
    outcomes: dict[UUID, Outcome] = field(default_factory=dict)
    accepted: set[UUID] = field(default_factory=set)
    """Applications whose offer was accepted, by the platform's account."""
    loans: dict[UUID, LoanOpened] = field(default_factory=dict)
    """By loan."""
    loan_of: dict[UUID, UUID] = field(default_factory=dict)
    """By application."""
    orders: dict[UUID, set[UUID]] = field(default_factory=lambda: defaultdict(set))
    """Payout orders by loan."""
    failed: set[UUID] = field(default_factory=set)
    """Payout orders that the bank could not carry out."""
    confirmed: dict[UUID, UUID] = field(default_factory=dict)
    """The loan of a payout order that the bank has carried out, by order: the first payout, a tranche or a draw."""
    paid_out: set[UUID] = field(default_factory=set)
    """Payout orders that servicing has told to be carried out."""
    disbursed: set[UUID] = field(default_factory=set)
    cancelled: set[UUID] = field(default_factory=set)
    payments: dict[str, PaymentReceived] = field(default_factory=dict)
    """By the channel's number."""
    applied: set[str] = field(default_factory=set)
    reversed: set[str] = field(default_factory=set)
    undone: set[str] = field(default_factory=set)
    refunds: set[UUID] = field(default_factory=set)
    """Refund orders that the bank has carried out."""
    refunded: set[UUID] = field(default_factory=set)
    """Refund orders that servicing has told to be carried out."""
    closed: set[UUID] = field(default_factory=set)
    today: date | None = None

    def see(self, record: Record, envelope: Envelope[Event] | None) -> None:
        """Fold a record of any topic."""
        self.answers.see(record, envelope)
        self.stopwatch.see(record, envelope)
        if envelope is not None and (fold := _FOLDS.get(type(envelope.data))):
            fold(self, envelope.data)

    def waiting(self, held: Callable[[UUID], bool]) -> Iterator[str]:
        """What the platform has still to do today; `held` tells loans whose payout the bank keeps for later."""
        yield from self.answers.waiting()
        for application in self.accepted - self.loan_of.keys():
            yield f"the loan of application {application}"
        for loan in self.loans.keys() - self.disbursed - self.cancelled:
            if self._pays_out_today(loan) and not held(loan):
                yield f"the payout of loan {loan}"
        for order in self.confirmed.keys() - self.paid_out:
            if self.confirmed[order] in self.disbursed:  # a tranche or a draw
                yield f"the payout by order {order}"
        for payment in self.payments.values():
            if payment.payment_id not in self.applied and self.takes(payment):
                yield f"the application of payment {payment.payment_id} to loan {payment.loan_id}"
        for taken_back in self.reversed & self.applied - self.undone:
            yield f"the undoing of payment {taken_back}"
        for refund in self.refunds - self.refunded:
            yield f"the booking of refund {refund}"

    def takes(self, payment: PaymentReceived) -> bool:
        """Whether there is a loan that the payment can be applied to: another currency waits for a person."""
        loan = self.loans.get(payment.loan_id)
        return loan is not None and loan.currency == payment.currency

    def _pays_out_today(self, loan: UUID) -> bool:
        """Not before its day; and after a failure only when it is ordered again."""
        if self.today is not None and self.loans[loan].interest_from > self.today:
            return False
        orders = self.orders.get(loan)
        return not orders or not orders <= self.failed

    def _open(self, event: LoanOpened) -> None:
        self.loans[event.loan_id] = event
        self.loan_of[event.application_id] = event.loan_id

    def _disburse(self, event: LoanDisbursed) -> None:
        self.disbursed.add(event.loan_id)
        self.paid_out.add(event.disbursement_id)

    def _start(self, event: BusinessDayStarted) -> None:
        self.today = max(event.day, self.today or event.day)


_FOLDS: dict[type[Event], Callable[..., object]] = {
    ApplicationReceived: lambda state, event: state.received.add(event.application_id),
    ApplicationDecided: lambda state, event: state.outcomes.setdefault(event.application_id, event.outcome),
    OfferAccepted: lambda state, event: state.accepted.add(event.application_id),
    LoanOpened: Progress._open,
    DisbursementRequested: lambda state, event: state.orders[event.loan_id].add(event.disbursement_id),
    DisbursementFailed: lambda state, event: state.failed.add(event.disbursement_id),
    DisbursementConfirmed: lambda state, event: state.confirmed.setdefault(event.disbursement_id, event.loan_id),
    LoanDisbursed: Progress._disburse,
    LoanCancelled: lambda state, event: state.cancelled.add(event.loan_id),
    PaymentReceived: lambda state, event: state.payments.setdefault(event.payment_id, event),
    PaymentApplied: lambda state, event: state.applied.add(event.payment_id),
    PaymentReversed: lambda state, event: state.reversed.add(event.payment_id),
    PaymentUndone: lambda state, event: state.undone.add(event.payment_id),
    RefundConfirmed: lambda state, event: state.refunds.add(event.refund_id),
    RefundPaid: lambda state, event: state.refunded.add(event.refund_id),
    LoanClosed: lambda state, event: state.closed.add(event.loan_id),
    BusinessDayStarted: Progress._start,
}
