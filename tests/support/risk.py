"""Events as risk sees them."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

from lendstream.envelope import Record, encode
from lendstream.events.application import (
    ApplicantFacts,
    ApplicationExpired,
    ApplicationReady,
    ApplicationWithdrawn,
)
from lendstream.events.base import Event
from lendstream.events.decision import ApplicationDecided
from lendstream.events.intake import BureauSummary, EmploymentStatus, Finances
from lendstream.events.loan import (
    AmountWaived,
    Bucket,
    ClosingReason,
    DelinquencyChanged,
    InstalmentOverdue,
    LoanCancelled,
    LoanChargedOff,
    LoanClosed,
    LoanDisbursed,
    LoanOpened,
    LoanReopened,
    LoanRescheduled,
    PaymentApplied,
    PaymentUndone,
    RescheduleReason,
    ScheduledInstalment,
    WaiverReason,
)

DAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 8, 15, 30, tzinfo=UTC)
_LOANS = UUID("3b7e0a0e-8f0a-5d5b-9d5c-0f4d8f2a6b11")


def bureau(**facts: Any) -> BureauSummary:
    """A good credit record, except for the facts given."""
    known = {
        "source": "partner",
        "open_accounts": 4,
        "delinquencies_24m": 0,
        "inquiries_12m": 1,
        "history_months": 90,
        "credit_limit": 5_000_000,
        "credit_used": 500_000,
    }
    return BureauSummary(**{**known, **facts})


def finances(**facts: Any) -> Finances:
    """A steady income of 12,000 yuan a month, except for the facts given."""
    known = {
        "employment_status": EmploymentStatus.EMPLOYED,
        "employment_months": 48,
        "monthly_income": 1_200_000,
        "monthly_debt": 0,
    }
    return Finances(**{**known, **facts})


def applicant(age: int = 34, record: BureauSummary | None = None, **declared: Any) -> ApplicantFacts:
    """A good applicant, except for the facts given."""
    return ApplicantFacts(age=age, finances=finances(**declared), bureau=record)


def ready(**fields: Any) -> ApplicationReady:
    """An application of 5,000 yuan over 12 months by a good applicant, except for the fields given."""
    known = {
        "application_id": uuid4(),
        "customer_id": uuid4(),
        "partner": "phone-shop",
        "product": "cash-small",
        "amount": 500_000,
        "currency": "CNY",
        "instalments": 12,
        "purpose": "moving house",
        "applicant": applicant(record=bureau()),
        "business_date": DAY,
        "submitted_at": NOW,
    }
    return ApplicationReady(**{**known, **fields})


def loan_id(application_id: UUID) -> UUID:
    """The loan of an application."""
    return uuid5(_LOANS, application_id.hex)


def opened(decided: ApplicationDecided, instalment: int = 45_000, **fields: Any) -> LoanOpened:
    """The loan that an approval became, except for the fields given."""
    terms = decided.terms
    assert terms
    principal = terms.amount // terms.instalments
    loan = LoanOpened(
        loan_id=loan_id(decided.application_id),
        customer_id=decided.customer_id,
        sequence=1,
        application_id=decided.application_id,
        partner=decided.asked.partner,
        reference="SHOP-1",
        product=terms.product,
        product_version=terms.product_version,
        method="equal_instalment",
        principal=terms.amount,
        currency=terms.currency,
        annual_rate=terms.annual_rate,
        upfront_fee=0,
        instalments=tuple(
            ScheduledInstalment(
                number=number, due_date=DAY, principal=principal, interest=max(instalment - principal, 0), fee=0
            )
            for number in range(1, terms.instalments + 1)
        ),
        engine="1",
        opened_on=DAY,
        interest_from=DAY,
        submitted_at=decided.submitted_at,
    )
    return loan.model_copy(update=fields)


def paid(loan: LoanOpened, sequence: int, outstanding: int) -> PaymentApplied:
    """A payment that leaves so much principal."""
    return PaymentApplied(
        loan_id=loan.loan_id,
        customer_id=loan.customer_id,
        sequence=sequence,
        payment_id=f"pay_{sequence}",
        amount=45_000,
        currency="CNY",
        value_date=DAY,
        allocations=(),
        credit=0,
        principal_outstanding=outstanding,
        total_outstanding=outstanding,
    )


def late(loan: LoanOpened, sequence: int, days: int) -> DelinquencyChanged:
    """The loan is so many days past due."""
    return DelinquencyChanged(
        loan_id=loan.loan_id,
        customer_id=loan.customer_id,
        sequence=sequence,
        previous=Bucket.CURRENT if days else Bucket.M1,
        bucket=Bucket.M1 if days else Bucket.CURRENT,
        days_past_due=days,
        overdue_amount=45_000 if days else 0,
        currency="CNY",
        as_of=DAY,
    )


def closed(loan: LoanOpened, sequence: int, reason: ClosingReason = ClosingReason.REPAID) -> LoanClosed:
    """Nothing is owed any more."""
    return LoanClosed(**_of(loan, sequence), closed_on=DAY, credit=0, currency="CNY", reason=reason)


def reopened(loan: LoanOpened, sequence: int, outstanding: int) -> LoanReopened:
    """So much is owed again."""
    return LoanReopened(**_of(loan, sequence), reopened_on=DAY, total_outstanding=outstanding, currency="CNY")


def disbursed(loan: LoanOpened, sequence: int, part: int, principal: int) -> LoanDisbursed:
    """A payout arrived."""
    return LoanDisbursed(
        **_of(loan, sequence),
        disbursement_id=loan.loan_id,
        amount=principal,
        currency="CNY",
        disbursed_on=DAY,
        bank_reference=f"BK-{part}",
        part=part,
        principal=principal,
    )


def undone(loan: LoanOpened, sequence: int, outstanding: int) -> PaymentUndone:
    """A payment bounced; so much principal is owed."""
    return PaymentUndone(
        **_of(loan, sequence),
        payment_id="pay_3",
        amount=45_000,
        currency="CNY",
        value_date=DAY,
        reason="recalled",
        undone_on=DAY,
        previous=(),
        principal_outstanding=outstanding,
        total_outstanding=outstanding,
    )


def waived(loan: LoanOpened, sequence: int, outstanding: int) -> AmountWaived:
    """Something is let go; so much principal is left."""
    return AmountWaived(
        **_of(loan, sequence),
        waiver_id=loan.loan_id,
        reason=WaiverReason.HARDSHIP,
        currency="CNY",
        waived_on=DAY,
        allocations=(),
        principal_outstanding=outstanding,
        total_outstanding=outstanding,
    )


def rescheduled(loan: LoanOpened, sequence: int, outstanding: int, past: int, *future: int) -> LoanRescheduled:
    """So much principal is owed, in one instalment of the past and those to come."""
    return LoanRescheduled(
        **_of(loan, sequence),
        reason=RescheduleReason.RESTRUCTURE,
        effective_on=DAY,
        instalments=tuple(
            ScheduledInstalment(
                number=number, due_date=DAY + timedelta(days=30 * (number - 1)), principal=amount, interest=0, fee=0
            )
            for number, amount in enumerate((past, *future), 1)
        ),
        annual_rate=loan.annual_rate,
        currency="CNY",
        engine="1",
        principal_outstanding=outstanding,
        total_outstanding=outstanding,
    )


def charged_off(loan: LoanOpened, sequence: int, days: int = 181) -> LoanChargedOff:
    """The loan is given up in the books."""
    return LoanChargedOff(
        **_of(loan, sequence),
        principal=1,
        interest=0,
        fee=0,
        penalty=0,
        currency="CNY",
        days_past_due=days,
        charged_off_on=DAY,
    )


def overdue(loan: LoanOpened, sequence: int) -> InstalmentOverdue:
    """An instalment was not paid in time."""
    return InstalmentOverdue(
        **_of(loan, sequence), instalment=1, due_date=DAY, amount=45_000, currency="CNY", as_of=DAY
    )


def _of(loan: LoanOpened, sequence: int) -> dict[str, Any]:
    return {"loan_id": loan.loan_id, "customer_id": loan.customer_id, "sequence": sequence}


def cancelled(loan: LoanOpened, sequence: int) -> LoanCancelled:
    """The payout failed for good."""
    return LoanCancelled(
        loan_id=loan.loan_id,
        customer_id=loan.customer_id,
        sequence=sequence,
        application_id=loan.application_id,
        reason="payout failed",
        cancelled_on=DAY,
    )


def withdrawn(asked: ApplicationReady) -> ApplicationWithdrawn:
    """The application is withdrawn."""
    return ApplicationWithdrawn(application_id=asked.application_id, customer_id=asked.customer_id)


def expired(asked: ApplicationReady) -> ApplicationExpired:
    """The offer was not accepted in time."""
    return ApplicationExpired(application_id=asked.application_id, customer_id=asked.customer_id, expired_on=DAY)


def records(*events: Event) -> Iterable[Record]:
    """The events as their owners would publish them now."""
    return [
        encode(event, id=str(uuid4()), source="lendstream/test", time=datetime.now(UTC), correlation_id="story-1")
        for event in events
    ]
