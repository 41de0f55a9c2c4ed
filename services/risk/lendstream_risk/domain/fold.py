"""What the events of applications and loans change in the customer's state.

Every fold is idempotent: an event of a loan counts only if its sequence is above the last one folded in, and what
is freed once is not there to be freed again. So a record that comes twice changes nothing. News of a loan that is over
changes it where it is kept: when it is opened again, it is as servicing left it.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from uuid import UUID

from lendstream.errors import Refused
from lendstream.events.application import ApplicationEvent
from lendstream.events.loan import (
    AmountWaived,
    ClosingReason,
    DelinquencyChanged,
    LoanCancelled,
    LoanChargedOff,
    LoanClosed,
    LoanDisbursed,
    LoanEvent,
    LoanOpened,
    LoanReopened,
    LoanRescheduled,
    PaymentApplied,
    PaymentUndone,
    RescheduleReason,
    ScheduledInstalment,
)
from lendstream_risk.domain.customer import Commitment, Customer, Ended, Loan

KEPT = 256
"""Loans that are over are remembered up to so many a customer; no replay reaches back further."""


def release(customer: Customer, event: ApplicationEvent) -> Customer:
    """The application was withdrawn or its offer expired: its amount is free again."""
    return replace(customer, commitments=_without(customer.commitments, event.application_id))


def open_loan(customer: Customer, event: LoanOpened) -> Customer:
    """The approval became a loan. What is paid out in later tranches is promised, not yet owed."""
    loan_id = str(event.loan_id)
    if loan_id in customer.loans or loan_id in customer.ended:
        return customer
    to_come = min(sum(each.amount for each in event.options.tranches) if event.options else 0, event.principal)
    commitment = customer.commitments.get(str(event.application_id))
    loan = Loan(
        application_id=str(event.application_id),
        principal=event.principal - to_come,
        # The decision knew what of the loan counts against the income; an approval long gone leaves the schedule.
        instalment=commitment.instalment if commitment else max(map(_whole, event.instalments), default=0),
        days_past_due=0,
        sequence=event.sequence,
        to_come=to_come,
        limit=event.limit,
    )
    return replace(
        customer,
        loans={**customer.loans, loan_id: loan},
        commitments=_without(customer.commitments, event.application_id),
    )


def disburse(customer: Customer, event: LoanDisbursed) -> Customer:
    """A later tranche or a draw is owed from now on; the first payout has counted since the opening."""

    def owed(loan: Loan) -> Loan:
        if event.part == 0:
            return loan
        return replace(loan, principal=loan.principal + event.principal, to_come=max(loan.to_come - event.principal, 0))

    return _news(customer, event, owed)


def set_principal(customer: Customer, event: PaymentApplied | PaymentUndone | AmountWaived) -> Customer:
    """Principal was repaid, let go, or is owed again."""
    return _news(customer, event, lambda loan: replace(loan, principal=event.principal_outstanding))


def reschedule(customer: Customer, event: LoanRescheduled) -> Customer:
    """Another schedule holds: the largest instalment counts that is still to come."""
    future = [_whole(row) for row in event.instalments if row.due_date > event.effective_on]

    def changed(loan: Loan) -> Loan:
        # with nothing to come, what is owed is past due, and the instalment that was too large stays the measure
        largest = max(future, default=loan.instalment)
        if loan.limit:  # what the whole line would take counts, however much of it is drawn
            largest = loan.instalment
        elif event.reason is RescheduleReason.PREPAYMENT:  # paying early makes no loan harder to bear
            largest = min(largest, loan.instalment)
        return replace(loan, principal=event.principal_outstanding, instalment=largest)

    return _news(customer, event, changed)


def change_delinquency(customer: Customer, event: DelinquencyChanged) -> Customer:
    """The loan fell behind, or caught up."""
    return _news(customer, event, lambda loan: replace(loan, days_past_due=event.days_past_due))


def charge_off(customer: Customer, event: LoanChargedOff) -> Customer:
    """The loan was given up: it stays owed and past due, nothing more is paid out on it, and it is counted for ever."""
    loan = _news_of(customer, event)
    if loan is None:
        return customer
    after = replace(loan, charged_off=True, to_come=0, limit=0, days_past_due=event.days_past_due)
    counted = customer.charged_off + (not loan.charged_off)
    return replace(_kept(customer, event, after), charged_off=counted)


def close_loan(customer: Customer, event: LoanClosed) -> Customer:
    """Nothing is owed any more. A loan that was returned or charged off was not repaid as agreed."""
    loan = _news_of(customer, event)
    repaid = event.reason is not ClosingReason.RETURNED and loan is not None and not loan.charged_off
    return _end(customer, event, loan, repaid=repaid)


def cancel_loan(customer: Customer, event: LoanCancelled) -> Customer:
    """The loan ended before any money went out."""
    return _end(customer, event, _news_of(customer, event), repaid=False)


def reopen_loan(customer: Customer, event: LoanReopened) -> Customer:
    """A loan that was over is owed again, and no longer counts as repaid.

    What is not known of it (it ended before this was kept, or how much of it is principal comes later) counts as the
    whole that is owed, so that nobody borrows on an amount that is not free.
    """
    loan = _news_of(customer, event)
    ended = customer.ended.get(str(event.loan_id))
    if loan is None or ended is None:
        return customer if loan is None else _kept(customer, event, loan)
    whole = event.total_outstanding
    again = replace(
        loan, principal=loan.principal or whole, instalment=loan.instalment or whole, sequence=event.sequence
    )
    return replace(
        customer,
        loans={**customer.loans, str(event.loan_id): again},
        ended={key: each for key, each in customer.ended.items() if key != str(event.loan_id)},
        loans_repaid=max(customer.loans_repaid - ended.repaid, 0),
    )


def note(customer: Customer, event: LoanEvent) -> Customer:
    """Nothing that risk looks at: only the sequence moves."""
    return _news(customer, event, lambda loan: loan)


def _news_of(customer: Customer, event: LoanEvent) -> Loan | None:
    """The loan as it is before the event, open or over; None if the event was seen before.

    Raises:
        Refused: the loan was never opened: its LoanOpened is missing or among the dead letters.
    """
    loan_id = str(event.loan_id)
    ended = customer.ended.get(loan_id)
    loan = ended.loan if ended else customer.loans.get(loan_id)
    if loan is None:
        raise Refused(
            "unknown_loan",
            f"The loan {loan_id} has not been opened.",
            field="loan_id",
            fix="Publish its LoanOpened first, then this again.",
        )
    return loan if event.sequence > loan.sequence else None


def _news(customer: Customer, event: LoanEvent, change: Callable[[Loan], Loan]) -> Customer:
    loan = _news_of(customer, event)
    return customer if loan is None else _kept(customer, event, change(loan))


def _kept(customer: Customer, event: LoanEvent, loan: Loan) -> Customer:
    """The customer with the loan as it is after the event, open or over as before."""
    loan_id, loan = str(event.loan_id), replace(loan, sequence=event.sequence)
    if ended := customer.ended.get(loan_id):
        return replace(customer, ended={**customer.ended, loan_id: replace(ended, loan=loan)})
    return replace(customer, loans={**customer.loans, loan_id: loan})


def _end(customer: Customer, event: LoanEvent, loan: Loan | None, *, repaid: bool) -> Customer:
    if loan is None:
        return customer
    loan_id = str(event.loan_id)
    over = replace(loan, principal=0, to_come=0, days_past_due=0, sequence=event.sequence)
    if loan_id in customer.ended:
        return _kept(customer, event, over)
    ended = [*customer.ended.items(), (loan_id, Ended(over, repaid))][-KEPT:]
    return replace(
        customer,
        loans={key: each for key, each in customer.loans.items() if key != loan_id},
        ended=dict(ended),
        loans_repaid=customer.loans_repaid + repaid,
    )


def _whole(row: ScheduledInstalment) -> int:
    return row.principal + row.interest + row.fee


def _without(commitments: Mapping[str, Commitment], application_id: UUID) -> Mapping[str, Commitment]:
    return {key: each for key, each in commitments.items() if key != str(application_id)}
