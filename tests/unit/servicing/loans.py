"""Agreements, loans and money for the tests of servicing."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from lendstream.catalogue import Catalogue, Product, load
from lendstream.events.application import ApplicantFacts, ApplicationReady, OfferAccepted
from lendstream.events.decision import ApplicationDecided, CustomerPosition, Outcome, Segment, Terms
from lendstream.events.intake import EmploymentStatus, Finances
from lendstream.events.loan import LoanEvent
from lendstream.events.payment import DisbursementConfirmed, DisbursementFailed, PaymentReceived
from lendstream_servicing.domain import opening, payments, payout
from lendstream_servicing.domain.loan import Account, Loan, Policy, disbursement_id_of, loan_id_of
from lendstream_servicing.domain.walk import Walk
from lendstream_servicing.ledger import chart

TODAY = date(2026, 3, 2)
APPLICATION = UUID("7b1e0f0e-4c39-5a59-9a0b-1d6f4a9f2f10")
CUSTOMER = UUID("0c6d8a61-93b0-5a86-8b65-61d0a1a1b0c1")
LOAN = loan_id_of(APPLICATION)
SUBMITTED = datetime(2026, 3, 1, 8, tzinfo=UTC)
RATE = Decimal("0.18")
PRODUCT = "cash-small"


def catalogue_with(**changes: Any) -> Catalogue:
    """The small-cash product with other data, and nothing else."""
    product = load().product(PRODUCT)
    # built anew, not copied: a copy keeps what the product has derived from its old data
    fields = {name: getattr(product, name) for name in Product.model_fields}
    return Catalogue({PRODUCT: {1: Product(**{**fields, **changes})}})


POLICY = Policy(load(), chart().numbers)


def acceptance(**changes: Any) -> OfferAccepted:
    """The customer accepts 6,000 yuan over six months."""
    application = changes.pop("application_id", APPLICATION)
    fields: dict[str, Any] = {
        "application_id": application,
        "customer_id": CUSTOMER,
        "offer_id": uuid5(application, "offer"),
        "partner": "phone-shop",
        "reference": "SHOP-1",
        "product": PRODUCT,
        "amount": 600_000,
        "currency": "CNY",
        "instalments": 6,
        "annual_rate": RATE,
        "payout_account": "acct_8f2c",
        "accepted_on": TODAY,
        "disburse_on": TODAY,
        "submitted_at": SUBMITTED,
    }
    return OfferAccepted(**{**fields, **changes})


def approval(**changes: Any) -> ApplicationDecided:
    """Risk approves 6,000 yuan over six months; changes of terms by their names."""
    application = changes.pop("application_id", APPLICATION)
    customer = changes.pop("customer_id", CUSTOMER)
    outcome = changes.pop("outcome", Outcome.APPROVED)
    decision = changes.pop("decision_id", uuid5(application, "decision"))
    terms = Terms(
        **{
            "product": PRODUCT,
            "product_version": 1,
            "amount": 600_000,
            "currency": "CNY",
            "instalments": 6,
            "annual_rate": RATE,
            "limit": 1_000_000,
            **changes,
        }
    )
    asked = ApplicationReady(
        application_id=application,
        customer_id=customer,
        partner="phone-shop",
        product=PRODUCT,
        amount=600_000,
        currency="CNY",
        instalments=6,
        applicant=ApplicantFacts(
            age=34, finances=Finances(employment_status=EmploymentStatus.EMPLOYED, monthly_income=900_000)
        ),
        business_date=TODAY,
        submitted_at=SUBMITTED,
    )
    return ApplicationDecided(
        application_id=application,
        customer_id=customer,
        decision_id=decision,
        outcome=outcome,
        reasons=(),
        terms=terms if outcome is Outcome.APPROVED else None,
        segment=Segment.NEW_PRIME,
        policy_version=1,
        asked=asked,
        position=CustomerPosition(open_loans=0, exposure=0, instalments_due=0, loans_repaid=0, worst_days_past_due=0),
        as_of=TODAY,
        submitted_at=SUBMITTED,
    )


def payment(amount: int, payment_id: str = "pay_1", **changes: Any) -> PaymentReceived:
    """Money for the loan."""
    fields: dict[str, Any] = {
        "payment_id": payment_id,
        "loan_id": LOAN,
        "amount": amount,
        "currency": "CNY",
        "value_date": TODAY,
        "channel": "bank-transfer",
    }
    return PaymentReceived(**{**fields, **changes})


def confirmation(loan_id: UUID = LOAN, attempt: int = 1, **changes: Any) -> DisbursementConfirmed:
    """The bank paid out."""
    fields: dict[str, Any] = {
        "disbursement_id": disbursement_id_of(loan_id, attempt),
        "loan_id": loan_id,
        "amount": 600_000,
        "currency": "CNY",
        "value_date": TODAY,
        "bank_reference": "BANK-1",
    }
    return DisbursementConfirmed(**{**fields, **changes})


def failure(loan_id: UUID = LOAN, attempt: int = 1, *, retryable: bool = True, **changes: Any) -> DisbursementFailed:
    """The bank could not pay out."""
    fields: dict[str, Any] = {
        "disbursement_id": disbursement_id_of(loan_id, attempt),
        "loan_id": loan_id,
        "reason": "account frozen",
        "retryable": retryable,
        "failed_on": TODAY,
    }
    return DisbursementFailed(**{**fields, **changes})


def opened(policy: Policy = POLICY, today: date = TODAY, **changes: Any) -> Loan:
    """A loan that waits for its payout; changes of amount and instalments hold for both halves."""
    waiting, _ = opening.approve(None, approval(**changes), today, policy)
    loan, _ = opening.accept(waiting, acceptance(**changes), today, policy)
    assert isinstance(loan, Loan)
    return replace(loan, news=())


def active(policy: Policy = POLICY, **changes: Any) -> Loan:
    """A loan that is paid out."""
    loan = opened(policy, **changes)
    paid_out, _ = payout.confirm(loan, confirmation(loan.id, amount=loan.contract.payout), TODAY, policy)
    assert isinstance(paid_out, Loan)
    return replace(paid_out, news=())


def pay(
    loan: Account, amount: int, payment_id: str = "pay_1", on: date = TODAY, policy: Policy = POLICY
) -> tuple[Loan, tuple[LoanEvent, ...]]:
    """The loan after a payment, and what it told."""
    after, events = payments.receive(loan, payment(amount, payment_id, loan_id=loan.id, value_date=on), on, policy)
    assert isinstance(after, Loan)
    return after, events


def on_day(loan: Account, day: date, policy: Policy = POLICY) -> Loan:
    """The loan with what lateness costs until a day."""
    assert isinstance(loan, Loan)
    walk = Walk(loan, policy)
    walk.advance(day)
    return walk.result(loan.entries)


def names(events: tuple[LoanEvent, ...]) -> list[str]:
    """The events' types."""
    return [type(event).__name__ for event in events]
