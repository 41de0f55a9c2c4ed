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
)
from lendstream.events.payment import DisbursementFailed, PaymentReceived
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
    disbursed: set[UUID] = field(default_factory=set)
    cancelled: set[UUID] = field(default_factory=set)
    payments: dict[str, UUID] = field(default_factory=dict)
    """The loan that a payment is meant for, by payment."""
    applied: set[str] = field(default_factory=set)
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
        for payment, loan in self.payments.items():
            if payment not in self.applied and loan in self.loans:
                yield f"the application of payment {payment} to loan {loan}"

    def _pays_out_today(self, loan: UUID) -> bool:
        """Not before its day; and after a failure only when it is ordered again."""
        if self.today is not None and self.loans[loan].interest_from > self.today:
            return False
        orders = self.orders.get(loan)
        return not orders or not orders <= self.failed

    def _open(self, event: LoanOpened) -> None:
        self.loans[event.loan_id] = event
        self.loan_of[event.application_id] = event.loan_id

    def _start(self, event: BusinessDayStarted) -> None:
        self.today = max(event.day, self.today or event.day)


_FOLDS: dict[type[Event], Callable[..., object]] = {
    ApplicationReceived: lambda state, event: state.received.add(event.application_id),
    ApplicationDecided: lambda state, event: state.outcomes.setdefault(event.application_id, event.outcome),
    OfferAccepted: lambda state, event: state.accepted.add(event.application_id),
    LoanOpened: Progress._open,
    DisbursementRequested: lambda state, event: state.orders[event.loan_id].add(event.disbursement_id),
    DisbursementFailed: lambda state, event: state.failed.add(event.disbursement_id),
    LoanDisbursed: lambda state, event: state.disbursed.add(event.loan_id),
    LoanCancelled: lambda state, event: state.cancelled.add(event.loan_id),
    PaymentReceived: lambda state, event: state.payments.setdefault(event.payment_id, event.loan_id),
    PaymentApplied: lambda state, event: state.applied.add(event.payment_id),
    LoanClosed: lambda state, event: state.closed.add(event.loan_id),
    BusinessDayStarted: Progress._start,
}
