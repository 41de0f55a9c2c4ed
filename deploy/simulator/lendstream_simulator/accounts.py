"""A loan as its borrower knows it, folded from the loan's events."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from lendstream.events.base import Event
from lendstream.events.loan import (
    Allocation,
    AmountWaived,
    HardshipRequested,
    InstalmentOverdue,
    LoanCancelled,
    LoanClosed,
    LoanDisbursed,
    LoanEvent,
    LoanOpened,
    LoanReopened,
    LoanRescheduled,
    PaymentApplied,
    PaymentReallocated,
    PaymentRequested,
    PaymentUndone,
    RescheduleReason,
    ScheduledInstalment,
    WaiverUndone,
)
from lendstream.events.payment import PaymentFailed, PaymentReceived
from lendstream_simulator.scripts import Means, Script


@dataclass(slots=True)
class Account:
    """What the borrower has been told, and what was paid. An event that comes again changes nothing."""

    opened: LoanOpened
    script: Script
    sent: dict[str, date] = field(default_factory=dict)
    """Payments made and their value dates."""
    schedule: Mapping[int, ScheduledInstalment] = field(default_factory=dict)
    """The instalments in force, by number."""
    disbursed_on: date | None = None
    """The first payout's day."""
    principal_out: int = 0
    """Principal of all payouts, where the lender says it."""
    settled: set[int] = field(default_factory=set)
    allocated: dict[int, int] = field(default_factory=dict)
    """By instalment: what payments and waivers reduced of it, penalties apart."""
    applied: set[str] = field(default_factory=set)
    collected: set[UUID] = field(default_factory=set)
    """Debit orders that the bank has not answered yet."""
    answered: set[UUID] = field(default_factory=set)
    requested_relief: bool = False
    """Whether the borrower waits for relief, and pays nothing until it comes."""
    asked_relief: bool = False
    """Whether the borrower ever asked for it."""
    _ended_by: tuple[int, bool] = (0, False)
    _seen: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.schedule = self.schedule or {row.number: row for row in self.opened.instalments}

    @property
    def disbursed(self) -> bool:
        """Whether the money came."""
        return self.disbursed_on is not None

    @property
    def ended(self) -> bool:
        """Whether nothing is owed any more."""
        return self._ended_by[1]

    @property
    def whole_life(self) -> bool:
        """Whether the lender collects by direct debit and knows what an intent is: one that does not, is simply paid.

        It shows in the payout, where such a lender says the principal that it makes owed.
        """
        return self.principal_out > 0

    @property
    def by_debit(self) -> bool:
        """Whether the borrower leaves it to the lender to collect."""
        return self.whole_life and self.script.means is Means.DEBIT

    def see(self, event: Event) -> None:
        """Fold an event of the loan, or of a payment for it."""
        if isinstance(event, LoanEvent):
            if event.sequence in self._seen:
                return
            self._seen.add(event.sequence)
        self._see_channel(event)
        self._see_money(event)
        self._see_state(event)

    def _see_channel(self, event: Event) -> None:
        match event:
            case PaymentReceived():
                self.sent[event.payment_id] = event.value_date
                if event.request_id:
                    self._answer(event.request_id)
            case PaymentFailed():
                self._answer(event.request_id)
            case PaymentRequested() if event.request_id not in self.answered:
                self.collected.add(event.request_id)

    def _see_money(self, event: Event) -> None:
        match event:
            case PaymentApplied():
                self.applied.add(event.payment_id)
                self._take(event.allocations)
            case PaymentReallocated():
                self._give_back(event.previous)
                self._take(event.allocations)
            case PaymentUndone() | WaiverUndone():
                self._give_back(event.previous if isinstance(event, PaymentUndone) else event.allocations)
            case AmountWaived():
                self._take(event.allocations)

    def _see_state(self, event: Event) -> None:
        match event:
            case LoanDisbursed():
                self.disbursed_on = min(event.disbursed_on, self.disbursed_on or event.disbursed_on)
                self.principal_out += event.principal
            case LoanRescheduled():
                self.schedule = {row.number: row for row in event.instalments}
                if event.reason is RescheduleReason.RESTRUCTURE:
                    self.requested_relief = False
            case HardshipRequested():
                self.requested_relief = self.asked_relief = True
            case InstalmentOverdue() if event.instalment in self.schedule:
                # What the lender finds unpaid is what the borrower has to pay, however it came to be.
                self.settled.discard(event.instalment)
                self.allocated[event.instalment] = self._total(event.instalment) - event.amount
            case LoanClosed() | LoanCancelled() | LoanReopened():
                self._ended_by = max(self._ended_by, (event.sequence, not isinstance(event, LoanReopened)))

    def open(self, number: int) -> int:
        """What is left of an instalment by the schedule."""
        return 0 if number in self.settled else max(0, self._total(number) - self.allocated.get(number, 0))

    def open_in_all(self) -> int:
        """What is left of all instalments by the schedule."""
        return sum(self.open(number) for number in self.schedule)

    def principal_left(self) -> int:
        """Principal of the instalments that nothing was paid on yet."""
        return sum(row.principal for row in self.schedule.values() if not self.allocated.get(row.number))

    def whole(self, number: int) -> int:
        """The whole instalment, whatever was paid on it."""
        return self._total(number)

    def _total(self, number: int) -> int:
        row = self.schedule[number]
        return row.fee + row.interest - row.subsidy + row.principal

    def _answer(self, request_id: UUID) -> None:
        self.answered.add(request_id)
        self.collected.discard(request_id)

    def _take(self, parts: Iterable[Allocation]) -> None:
        for part in parts:
            paid = part.fee + part.interest + part.principal
            self.allocated[part.instalment] = self.allocated.get(part.instalment, 0) + paid
            if part.settled:
                self.settled.add(part.instalment)

    def _give_back(self, parts: Iterable[Allocation]) -> None:
        for part in parts:
            paid = part.fee + part.interest + part.principal
            self.allocated[part.instalment] = self.allocated.get(part.instalment, 0) - paid
            self.settled.discard(part.instalment)
