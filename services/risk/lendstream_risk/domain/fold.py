"""What the events of applications and loans change in the customer's state.

Every fold is idempotent: an event of a loan counts only if its sequence is above the last one folded in, and what
is freed or ended once is not there to be freed or ended again. So a record that comes twice changes nothing.
"""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from lendstream.errors import Refused
from lendstream.events.application import ApplicationEvent
from lendstream.events.loan import (
    DelinquencyChanged,
    LoanCancelled,
    LoanClosed,
    LoanEvent,
    LoanOpened,
    PaymentApplied,
)
from lendstream_risk.domain.customer import Commitment, Customer, Loan

KEPT = 256
"""Loans that are over are remembered up to so many a customer; no replay reaches back further."""


def release(customer: Customer, event: ApplicationEvent) -> Customer:
    """The application was withdrawn or its offer expired: its amount is free again."""
    return replace(customer, commitments=_without(customer.commitments, event.application_id))


def open_loan(customer: Customer, event: LoanOpened) -> Customer:
    """The approval became a loan."""
    loan_id = str(event.loan_id)
    if loan_id in customer.loans or loan_id in customer.ended:
        return customer
    commitment = customer.commitments.get(str(event.application_id))
    loan = Loan(
        application_id=str(event.application_id),
        principal=event.principal,
        # The decision knew what of the loan counts against the income; an approval long gone leaves the schedule.
        instalment=commitment.instalment if commitment else _largest(event),
        days_past_due=0,
        sequence=event.sequence,
        limit=event.limit,
    )
    return replace(
        customer,
        loans={**customer.loans, loan_id: loan},
        commitments=_without(customer.commitments, event.application_id),
    )


def _largest(event: LoanOpened) -> int:
    return max((row.principal + row.interest + row.fee for row in event.instalments if row.number), default=0)


def apply_payment(customer: Customer, event: PaymentApplied) -> Customer:
    """Principal was repaid."""
    loan = _news_of(customer, event)
    return _with(customer, event, loan and replace(loan, principal=event.principal_outstanding))


def change_delinquency(customer: Customer, event: DelinquencyChanged) -> Customer:
    """The loan fell behind, or caught up."""
    loan = _news_of(customer, event)
    return _with(customer, event, loan and replace(loan, days_past_due=event.days_past_due))


def close_loan(customer: Customer, event: LoanClosed) -> Customer:
    """The loan was repaid in full."""
    if loan := _news_of(customer, event):
        return replace(_end(customer, event, loan), loans_repaid=customer.loans_repaid + 1)
    return customer


def cancel_loan(customer: Customer, event: LoanCancelled) -> Customer:
    """The loan ended before any money went out."""
    if loan := _news_of(customer, event):
        return _end(customer, event, loan)
    return customer


def _news_of(customer: Customer, event: LoanEvent) -> Loan | None:
    """The loan as it is before the event; None if the event was seen before.

    Raises:
        Refused: the loan was never opened: its LoanOpened is missing or among the dead letters.
    """
    loan_id = str(event.loan_id)
    if loan_id in customer.ended:
        return None
    loan = customer.loans.get(loan_id)
    if loan is None:
        raise Refused(
            "unknown_loan",
            f"The loan {loan_id} has not been opened.",
            field="loan_id",
            fix="Publish its LoanOpened first, then this again.",
        )
    return loan if event.sequence > loan.sequence else None


def _with(customer: Customer, event: LoanEvent, loan: Loan | None) -> Customer:
    if loan is None:
        return customer
    return replace(customer, loans={**customer.loans, str(event.loan_id): replace(loan, sequence=event.sequence)})


def _end(customer: Customer, event: LoanEvent, loan: Loan) -> Customer:
    ended = [*customer.ended.items(), (str(event.loan_id), loan.application_id)][-KEPT:]
    return replace(
        customer,
        loans={key: each for key, each in customer.loans.items() if key != str(event.loan_id)},
        ended=dict(ended),
    )


def _without(commitments: Mapping[str, Commitment], application_id: UUID) -> Mapping[str, Commitment]:
    return {key: each for key, each in commitments.items() if key != str(application_id)}
