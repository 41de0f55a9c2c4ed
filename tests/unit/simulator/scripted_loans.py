"""A lender's side of one loan, by a simple script: payments replayed whenever anything changes, and books kept.

Its rules are not servicing's; its events are facts as servicing would publish them.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from lendstream.events import loan
from lendstream.events.base import Event
from lendstream.events.ledger import JournalKind, JournalLine, JournalPosted
from lendstream.events.payment import PaymentIntent, PaymentReceived, PaymentReversed, RefundConfirmed

BANK, LOANS, ALLOWANCE, SUSPENSE, CREDIT = "1002", "1303", "1304", "224101", "224102"
INTEREST, FEES, RECOVERIES, WAIVERS = "601101", "602101", "630101", "671101"
RETRIES = (0, 3, 7)
GIVEN_UP_AFTER = 25
REFUNDED_AFTER = 8
Parts = tuple[loan.Allocation, ...]


def ident(*about: object) -> UUID:
    return uuid5(NAMESPACE_URL, "/".join(map(str, about)))


@dataclass
class Book:
    """A chain of journals."""

    name: str
    loan_id: UUID | None = None
    number: int = 0
    head: str = "0" * 64

    def post(self, kind: JournalKind, currency: str, on: date, lines: dict[str, int]) -> Iterator[Event]:
        kept = tuple(JournalLine(account=account, amount=amount) for account, amount in lines.items() if amount)
        if not kept:
            return
        self.number += 1
        text = json.dumps([self.name, self.number, self.head, [each.model_dump() for each in kept]])
        before, self.head = self.head, sha256(text.encode()).hexdigest()
        yield JournalPosted(
            book=self.name, number=self.number, journal_id=ident(self.name, self.number), kind=kind,
            loan_id=self.loan_id, currency=currency, value_date=on, posted_on=on, lines=kept, previous_hash=before,
            hash=self.head,
        )  # fmt: skip


@dataclass
class Owed:
    """What every payment went to, and what that leaves."""

    held: dict[str, tuple[Parts, int]]
    """By payment: its allocations, and the credit."""
    left: dict[int, tuple[int, int]]
    """By instalment: interest and principal."""

    @property
    def principal(self) -> int:
        return sum(principal for _, principal in self.left.values())

    @property
    def total(self) -> int:
        return sum(map(sum, self.left.values()))


@dataclass
class ScriptedLoan:
    """One loan; every method gives the events to publish."""

    opened: loan.LoanOpened
    account: str
    sequence: int = 1
    active: bool = False
    closed_on: date | None = None
    charged_off: bool = False
    returned: bool = False
    received: list[PaymentReceived] = field(default_factory=list)
    recoveries: set[str] = field(default_factory=set)
    overdue: set[int] = field(default_factory=set)
    suspended: set[str] = field(default_factory=set)
    refunds: dict[UUID, int] = field(default_factory=dict)
    refund_asked: bool = False

    def __post_init__(self) -> None:
        self.book = Book(str(self.opened.loan_id), self.opened.loan_id)
        self.owed = self._replayed()

    def disburse(self, id: UUID, amount: int, on: date, reference: str) -> Iterator[Event]:
        if self.active:
            return
        self.active = True
        principal = self.opened.principal
        yield self._tell(
            loan.LoanDisbursed, disbursement_id=id, amount=amount, disbursed_on=on, bank_reference=reference,
            principal=principal,
        )  # fmt: skip
        yield from self._post(JournalKind.DISBURSEMENT, on, {LOANS: principal, BANK: -amount, FEES: amount - principal})

    def pay(self, event: PaymentReceived) -> Iterator[Event]:
        known = {each.payment_id for each in self.received}
        if event.payment_id in known:
            return
        if event.currency != self.opened.currency:
            yield from self._suspend(event)
            return
        recovery = self.charged_off
        if recovery:
            self.recoveries.add(event.payment_id)
        before, waived = self.owed, self._interest_left()
        self.received.append(event)
        self.returned = self.returned or event.intent is PaymentIntent.RETURN
        now = self.owed = self._replayed()
        parts, credit = now.held[event.payment_id]
        yield self._tell(
            loan.PaymentApplied, payment_id=event.payment_id, amount=event.amount, value_date=event.value_date,
            allocations=parts, credit=credit, recovery=recovery, intent=event.intent, channel=event.channel,
            principal_outstanding=now.principal, total_outstanding=now.total,
        )  # fmt: skip
        kind = JournalKind.RECOVERY if recovery else JournalKind.REPAYMENT
        yield from self._post(
            kind, event.value_date, {BANK: event.amount} | self._split(event.payment_id, parts, credit)
        )
        if event.intent is PaymentIntent.RETURN:
            yield self._waive(loan.AmountWaived, waived, waived_on=event.value_date)
        yield from self._moved(before, event.value_date, event.payment_id)
        if not now.total and self.closed_on is None:
            yield self._close(event.value_date)

    def _suspend(self, event: PaymentReceived) -> Iterator[Event]:
        if event.payment_id not in self.suspended:
            self.suspended.add(event.payment_id)
            lines = {BANK: event.amount, SUSPENSE: -event.amount}
            yield from self.book.post(JournalKind.SUSPENSE, event.currency, event.value_date, lines)

    def reverse(self, event: PaymentReversed) -> Iterator[Event]:
        gone = next((each for each in self.received if each.payment_id == event.payment_id), None)
        if gone is None:
            return
        before, self.received = self.owed, [each for each in self.received if each is not gone]
        was_return = gone.intent is PaymentIntent.RETURN
        self.returned = self.returned and not was_return
        now = self.owed = self._replayed()
        parts, credit = before.held[event.payment_id]
        yield self._tell(
            loan.PaymentUndone, payment_id=gone.payment_id, amount=gone.amount, value_date=gone.value_date,
            reason=event.reason, undone_on=event.reversed_on, previous=parts, previous_credit=credit,
            recovery=gone.payment_id in self.recoveries, principal_outstanding=now.principal,
            total_outstanding=now.total,
        )  # fmt: skip
        back = {account: -amount for account, amount in self._split(gone.payment_id, parts, credit).items()}
        yield from self._post(JournalKind.REVERSAL, event.reversed_on, back | {BANK: -gone.amount})
        if was_return:
            yield self._waive(loan.WaiverUndone, self._interest_left(), undone_on=event.reversed_on)
        yield from self._moved(before, event.reversed_on, gone.payment_id)
        if now.total and self.closed_on is not None:
            self.closed_on = None
            yield self._tell(loan.LoanReopened, reopened_on=event.reversed_on, total_outstanding=now.total)

    def refund(self, event: RefundConfirmed) -> Iterator[Event]:
        if self.refunds.pop(event.refund_id, None):
            yield self._tell(
                loan.RefundPaid, refund_id=event.refund_id, amount=event.amount, paid_on=event.value_date,
                bank_reference=event.bank_reference,
            )  # fmt: skip
            yield from self._post(JournalKind.REFUND, event.value_date, {CREDIT: event.amount, BANK: -event.amount})

    def begin(self, day: date) -> Iterator[Event]:
        """A business day."""
        if not self.active:
            return
        for row in self.opened.instalments:
            left = sum(self.owed.left[row.number])
            if left and (late := (day - row.due_date).days) in RETRIES and not self.charged_off:
                yield self._collect(row, day, RETRIES.index(late) + 1)
            if left and late > 0 and row.number not in self.overdue:
                self.overdue.add(row.number)
                yield self._tell(
                    loan.InstalmentOverdue, instalment=row.number, due_date=row.due_date, amount=left, as_of=day
                )
            if left and late == GIVEN_UP_AFTER and not self.charged_off:
                yield from self._give_up(day, late)
        if self.closed_on is not None and day >= self.closed_on + timedelta(days=REFUNDED_AFTER):
            yield from self._give_back(day)

    def _collect(self, row: loan.ScheduledInstalment, day: date, attempt: int) -> Event:
        due = [
            each.number for each in self.opened.instalments if each.due_date <= day and any(self.owed.left[each.number])
        ]
        return self._tell(
            loan.PaymentRequested, request_id=ident("debit", self.opened.loan_id, row.due_date, attempt),
            instalments=tuple(due), amount=sum(sum(self.owed.left[each]) for each in due), debit_account=self.account,
            due_date=row.due_date, collect_on=day, attempt=attempt,
        )  # fmt: skip

    def _give_up(self, day: date, late: int) -> Iterator[Event]:
        principal = self.owed.principal
        yield self._tell(
            loan.LoanChargedOff, principal=principal, interest=0, fee=0, penalty=0, days_past_due=late,
            charged_off_on=day, reason="by age",
        )  # fmt: skip
        yield from self._post(JournalKind.CHARGE_OFF, day, {ALLOWANCE: principal, LOANS: -principal})
        self.charged_off = True

    def _give_back(self, day: date) -> Iterator[Event]:
        credit = sum(credit for _, credit in self.owed.held.values())
        refund = ident("refund", self.opened.loan_id)
        if credit and not self.refund_asked:
            self.refund_asked = True
            self.refunds[refund] = credit
            yield self._tell(
                loan.RefundRequested, refund_id=refund, amount=credit, refund_account=self.account, requested_on=day
            )

    def _close(self, on: date) -> Event:
        self.closed_on = on
        credit = sum(credit for _, credit in self.owed.held.values())
        reason = loan.ClosingReason.RETURNED if self.returned else loan.ClosingReason.REPAID
        return self._tell(loan.LoanClosed, closed_on=on, credit=credit, reason=reason)

    def _moved(self, before: Owed, on: date, cause: str) -> Iterator[Event]:
        """Payments that count otherwise than before."""
        for each in self.received:
            old, new = before.held.get(each.payment_id), self.owed.held[each.payment_id]
            if old is None or old == new:
                continue
            yield self._tell(
                loan.PaymentReallocated, payment_id=each.payment_id, amount=each.amount, value_date=each.value_date,
                cause=f"of {cause}", previous=old[0], previous_credit=old[1], allocations=new[0], credit=new[1],
                recovery=each.payment_id in self.recoveries,
            )  # fmt: skip
            lines = self._split(each.payment_id, *new)
            for account, amount in self._split(each.payment_id, *old).items():
                lines[account] = lines.get(account, 0) - amount
            yield from self._post(JournalKind.REALLOCATION, on, lines)

    def _waive(self, kind: type[loan.LoanEvent], parts: Parts, **on: date) -> Event:
        """Penalties and interest are booked when they are received: what is let go of them makes no journal."""
        outstanding = {} if kind is loan.WaiverUndone else self._outstanding()
        return self._tell(
            kind, waiver_id=ident("waiver", self.opened.loan_id), reason=loan.WaiverReason.COOLING_OFF,
            allocations=parts, **on, **outstanding,
        )  # fmt: skip

    def _outstanding(self) -> dict[str, int]:
        return {"principal_outstanding": self.owed.principal, "total_outstanding": self.owed.total}

    def _interest_left(self) -> Parts:
        return tuple(
            loan.Allocation(instalment=row.number, interest=row.interest + row.fee, settled=False)
            for row in self.opened.instalments
        )

    def _replayed(self) -> Owed:
        """Oldest instalment first, its interest (and fee) before its principal."""
        left = {
            row.number: (0 if self.returned else row.interest + row.fee, row.principal)
            for row in self.opened.instalments
        }
        held: dict[str, tuple[Parts, int]] = {}
        for payment in self.received:
            money, parts = payment.amount, list[loan.Allocation]()
            for number, (interest, principal) in left.items():
                of_interest = min(money, interest)
                of_principal = min(money - of_interest, principal)
                money -= of_interest + of_principal
                left[number] = interest - of_interest, principal - of_principal
                if of_interest or of_principal:
                    parts.append(
                        loan.Allocation(
                            instalment=number, interest=of_interest, principal=of_principal,
                            settled=not any(left[number]),
                        )
                    )  # fmt: skip
            held[payment.payment_id] = tuple(parts), money
        return Owed(held, left)

    def _split(self, payment: str, parts: Sequence[loan.Allocation], credit: int) -> dict[str, int]:
        """Where a payment is booked, as credits."""
        principal, interest = sum(each.principal for each in parts), sum(each.interest for each in parts)
        if payment in self.recoveries:
            return {RECOVERIES: -principal - interest, CREDIT: -credit}
        if self.charged_off:
            return {ALLOWANCE: -principal - interest, CREDIT: -credit}
        return {LOANS: -principal, INTEREST: -interest, CREDIT: -credit}

    def _post(self, kind: JournalKind, on: date, lines: dict[str, int]) -> Iterator[Event]:
        return self.book.post(kind, self.opened.currency, on, lines)

    def _tell(self, kind: type[loan.LoanEvent], **fields: Any) -> Event:
        self.sequence += 1
        names = {"loan_id": self.opened.loan_id, "customer_id": self.opened.customer_id, "sequence": self.sequence}
        if "currency" in kind.model_fields:
            names["currency"] = self.opened.currency
        return kind.model_validate(names | fields)

    def order(self, id: UUID, amount: int, pay_on: date, attempt: int) -> Event:
        """A payout order."""
        return self._tell(
            loan.DisbursementRequested, disbursement_id=id, amount=amount, payout_account=self.account, pay_on=pay_on,
            attempt=attempt,
        )  # fmt: skip

    def cancel(self, reason: str, on: date) -> Event:
        """The end before any money went out."""
        return self._tell(loan.LoanCancelled, application_id=self.opened.application_id, reason=reason, cancelled_on=on)
