"""Loans, customers and moments for the tests of notifications."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from lendstream.events.customer import CustomerKey, CustomerProfile
from lendstream.events.intake import Consents, Language
from lendstream.events.loan import (
    Allocation,
    AmountWaived,
    ClosingReason,
    HardshipRequested,
    InstalmentOverdue,
    LateFeeCharged,
    LoanCancelled,
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
    RefundRequested,
    RescheduleReason,
    ScheduledInstalment,
    WaiverReason,
    WaiverUndone,
)
from lendstream_notifications import rules
from lendstream_notifications.domain.contact import Contact, learn_key, learn_profile
from lendstream_notifications.domain.plan import Plan
from lendstream_notifications.domain.reminders import open_plan
from lendstream_notifications.domain.sending import Recipient

RULES = rules.load()
CUSTOMER = UUID("0c6d8a61-93b0-5a86-8b65-61d0a1a1b0c1")
LOAN = UUID("7b1e0f0e-4c39-5a59-9a0b-1d6f4a9f2f10")
KEY = UUID("2f5c1f3e-0df5-4d8e-9a53-6f0b7c1d2e3f")
OPENED = date(2026, 3, 2)
DUE = date(2026, 4, 2)
NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
PRINCIPAL, INTEREST = 100_000, 1_500
WHOLE = PRINCIPAL + INTEREST
PERSON = Recipient("王小明", "+8613800138000", "xiaoming@example.com")


@dataclass(frozen=True)
class Moment:
    """When something happens."""

    business_date: date = OPENED
    now: datetime = NOW
    correlation_id: str | None = "story"
    traceparent: str | None = None


def at(day: date) -> Moment:
    """A moment on a business day."""
    return Moment(day, datetime(day.year, day.month, day.day, 1, tzinfo=UTC))


def opened(count: int = 3, first_due: date = DUE, **changes: Any) -> LoanOpened:
    """A loan of `count` instalments, thirty days apart."""
    fields: dict[str, Any] = {
        "loan_id": LOAN,
        "customer_id": CUSTOMER,
        "sequence": 1,
        "application_id": LOAN,
        "partner": "phone-shop",
        "reference": "SHOP-1",
        "product": "cash-small",
        "product_version": 1,
        "method": "equal_instalment",
        "principal": PRINCIPAL * count,
        "currency": "CNY",
        "annual_rate": Decimal("0.18"),
        "upfront_fee": 0,
        "instalments": tuple(
            ScheduledInstalment(
                number=number,
                due_date=first_due + timedelta(days=30 * (number - 1)),
                principal=PRINCIPAL,
                interest=INTEREST,
                fee=0,
            )
            for number in range(1, count + 1)
        ),
        "engine": "1",
        "opened_on": OPENED,
        "interest_from": OPENED,
        "submitted_at": NOW,
    }
    return LoanOpened(**{**fields, **changes})


def disbursed(sequence: int = 2, **changes: Any) -> LoanDisbursed:
    """The payout arrived."""
    fields: dict[str, Any] = {
        "loan_id": LOAN,
        "customer_id": CUSTOMER,
        "sequence": sequence,
        "disbursement_id": LOAN,
        "amount": PRINCIPAL,
        "currency": "CNY",
        "disbursed_on": OPENED,
        "bank_reference": "BANK-1",
    }
    return LoanDisbursed(**{**fields, **changes})


Part = tuple[int, int, bool]
"""A part of a payment: the instalment, principal and interest paid, settled."""


def allocations(*parts: Part) -> tuple[Allocation, ...]:
    """The parts, interest first."""
    return tuple(
        Allocation(
            instalment=number, interest=min(amount, INTEREST), principal=max(amount - INTEREST, 0), settled=settled
        )
        for number, amount, settled in parts
    )


def paid(sequence: int, *parts: Part, loan_id: UUID = LOAN, customer_id: UUID = CUSTOMER) -> PaymentApplied:
    """A payment."""
    return PaymentApplied(
        loan_id=loan_id,
        customer_id=customer_id,
        sequence=sequence,
        payment_id=f"pay_{sequence}",
        amount=sum(amount for _, amount, _ in parts) or 1,
        currency="CNY",
        value_date=OPENED,
        allocations=allocations(*parts),
        credit=0,
        principal_outstanding=0,
        total_outstanding=0,
    )


def undone(sequence: int, *parts: Part, on: date = OPENED) -> PaymentUndone:
    """The payment bounced that had gone there."""
    return PaymentUndone(
        **_of(sequence),
        payment_id="pay_2",
        amount=sum(amount for _, amount, _ in parts) or 1,
        currency="CNY",
        value_date=OPENED,
        reason="recalled",
        undone_on=on,
        previous=allocations(*parts),
        principal_outstanding=0,
        total_outstanding=0,
    )


def reallocated(sequence: int, before: tuple[Part, ...], after: tuple[Part, ...]) -> PaymentReallocated:
    """The payment counts elsewhere."""
    return PaymentReallocated(
        **_of(sequence),
        payment_id="pay_2",
        amount=WHOLE,
        currency="CNY",
        value_date=OPENED,
        cause="payment pay_0",
        previous=allocations(*before),
        allocations=allocations(*after),
    )


def waived(sequence: int, *parts: Part) -> AmountWaived:
    """The lender lets go of it."""
    return AmountWaived(
        **_of(sequence),
        waiver_id=LOAN,
        reason=WaiverReason.HARDSHIP,
        currency="CNY",
        waived_on=OPENED,
        allocations=allocations(*parts),
        principal_outstanding=0,
        total_outstanding=0,
    )


def waiver_undone(sequence: int, *parts: Part) -> WaiverUndone:
    """It is owed again."""
    return WaiverUndone(
        **_of(sequence),
        waiver_id=LOAN,
        reason=WaiverReason.HARDSHIP,
        currency="CNY",
        undone_on=OPENED,
        allocations=allocations(*parts),
    )


def rescheduled(
    sequence: int,
    *rows: tuple[int, date, int],
    on: date = OPENED,
    reason: RescheduleReason = RescheduleReason.RESTRUCTURE,
) -> LoanRescheduled:
    """Another schedule: (number, due date, amount) each."""
    return LoanRescheduled(
        **_of(sequence),
        reason=reason,
        effective_on=on,
        instalments=tuple(
            ScheduledInstalment(number=number, due_date=due_date, principal=amount, interest=0, fee=0)
            for number, due_date, amount in rows
        ),
        annual_rate=Decimal("0.18"),
        currency="CNY",
        engine="1",
        principal_outstanding=0,
        total_outstanding=0,
    )


def requested(sequence: int, *instalments: int, on: date = DUE) -> PaymentRequested:
    """A direct debit is ordered."""
    return PaymentRequested(
        **_of(sequence),
        request_id=LOAN,
        instalments=instalments,
        amount=WHOLE,
        currency="CNY",
        debit_account="acct_8f2c",
        due_date=on,
        collect_on=on,
        attempt=1,
    )


def late_fee(sequence: int, on: date = OPENED) -> LateFeeCharged:
    """A late fee for the first instalment."""
    return LateFeeCharged(**_of(sequence), instalment=1, amount=2_000, currency="CNY", as_of=on)


def refund(sequence: int, on: date = OPENED) -> RefundRequested:
    """A credit balance is given back."""
    return RefundRequested(
        **_of(sequence), refund_id=LOAN, amount=5_000, currency="CNY", refund_account="acct_8f2c", requested_on=on
    )


def hardship(sequence: int, on: date = OPENED) -> HardshipRequested:
    """The customer asks for relief."""
    return HardshipRequested(
        **_of(sequence), request_id=LOAN, circumstance="illness", detail="三周没有上班", requested_on=on
    )


def charged_off(sequence: int) -> LoanChargedOff:
    """The loan is given up in the books."""
    return LoanChargedOff(
        **_of(sequence),
        principal=1,
        interest=0,
        fee=0,
        penalty=0,
        currency="CNY",
        days_past_due=181,
        charged_off_on=OPENED,
    )


def reopened(sequence: int) -> LoanReopened:
    """The closed loan is owed again."""
    return LoanReopened(**_of(sequence), reopened_on=OPENED, total_outstanding=WHOLE, currency="CNY")


def _of(sequence: int) -> dict[str, Any]:
    return {"loan_id": LOAN, "customer_id": CUSTOMER, "sequence": sequence}


def overdue(sequence: int = 3, instalment: int = 1) -> InstalmentOverdue:
    """An instalment was not paid in time."""
    return InstalmentOverdue(
        loan_id=LOAN,
        customer_id=CUSTOMER,
        sequence=sequence,
        instalment=instalment,
        due_date=DUE,
        amount=PRINCIPAL,
        currency="CNY",
        as_of=DUE + timedelta(days=1),
    )


def closed(
    sequence: int, reason: ClosingReason = ClosingReason.REPAID, credit: int = 0, on: date = OPENED
) -> LoanClosed:
    """Nothing is owed any more."""
    return LoanClosed(**_of(sequence), closed_on=on, credit=credit, currency="CNY", reason=reason)


def cancelled(sequence: int) -> LoanCancelled:
    """The loan ended before the payout."""
    return LoanCancelled(
        loan_id=LOAN,
        customer_id=CUSTOMER,
        application_id=LOAN,
        sequence=sequence,
        reason="account closed",
        cancelled_on=OPENED,
    )


def profile(**changes: Any) -> CustomerProfile:
    """A customer who agrees to everything and reads Chinese."""
    fields: dict[str, Any] = {
        "customer_id": CUSTOMER,
        "key_id": KEY,
        "ciphertext": "c2VhbGVk",
        "language": Language.CHINESE,
        "consents": Consents(data_processing=True),
        "updated_at": NOW,
    }
    return CustomerProfile(**{**fields, **changes})


def key(**changes: Any) -> CustomerKey:
    """The customer's key."""
    fields: dict[str, Any] = {
        "customer_id": CUSTOMER,
        "key_id": KEY,
        "wrapped_key": "d3JhcHBlZA==",
        "master_key_id": "2026-01",
    }
    return CustomerKey(**{**fields, **changes})


def plan(count: int = 3, first_due: date = DUE) -> Plan:
    """The reminders of a fresh loan."""
    planned, _ = open_plan(None, opened(count, first_due), Moment(), rules=RULES)
    return planned


def contact(**changes: Any) -> Contact:
    """A customer who can be reached."""
    return learn_key(learn_profile(None, profile(**changes), Moment()), key(), Moment())
