"""The payout: confirmed, failed, tried again, given up."""

from datetime import timedelta
from typing import Any
from uuid import uuid4, uuid5

import pytest

from lendstream.errors import Refused
from lendstream.events.loan import DisbursementRequested, LoanCancelled, LoanDisbursed
from lendstream_servicing.domain import opening
from lendstream_servicing.domain.loan import Account, Awaiting, Loan, Status
from lendstream_servicing.domain.payout import confirm, fail
from unit.servicing import loans


def code_of(account: Account | None, event: Any) -> str:
    with pytest.raises(Refused) as refused:
        (fail if hasattr(event, "retryable") else confirm)(account, event, loans.TODAY, loans.POLICY)
    assert refused.value.errors[0].field
    assert refused.value.errors[0].fix
    return refused.value.code


def test_a_confirmed_payout_makes_the_loan_active() -> None:
    loan, (told,) = confirm(loans.opened(), loans.confirmation(), loans.TODAY, loans.POLICY)
    assert isinstance(loan, Loan)
    assert isinstance(told, LoanDisbursed)
    assert loan.status is Status.ACTIVE
    assert (told.sequence, told.amount, told.bank_reference, told.disbursed_on) == (3, 600_000, "BANK-1", loans.TODAY)
    assert loan.next_action_on == loan.instalments[0].due_date


def test_the_same_confirmation_again_changes_nothing() -> None:
    loan = loans.active()
    again, events = confirm(loan, loans.confirmation(), loans.TODAY, loans.POLICY)
    assert again is loan
    assert events == ()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": 599_999}, "amount_not_as_asked"),
        ({"currency": "USD"}, "currency_not_as_asked"),
        ({"disbursement_id": uuid4()}, "unknown_disbursement"),
    ],
)
def test_a_confirmation_of_something_else_is_refused(changes: dict[str, Any], code: str) -> None:
    assert code_of(loans.opened(), loans.confirmation(**changes)) == code


def test_a_confirmation_that_contradicts_the_first_is_refused() -> None:
    assert code_of(loans.active(), loans.confirmation(bank_reference="BANK-2")) == "payout_conflict"


@pytest.mark.parametrize("account", [None, Awaiting(loans.LOAN)])
def test_a_payout_of_an_unknown_loan_is_refused(account: Account | None) -> None:
    assert code_of(account, loans.confirmation()) == "unknown_loan"
    assert code_of(account, loans.failure()) == "unknown_loan"


def test_a_failure_that_may_pass_is_tried_again() -> None:
    tomorrow = loans.TODAY + timedelta(days=1)
    loan, (told,) = fail(loans.opened(), loans.failure(), tomorrow, loans.POLICY)
    assert isinstance(loan, Loan)
    assert isinstance(told, DisbursementRequested)
    assert loan.status is Status.OPENED
    assert (told.attempt, told.pay_on, told.sequence) == (2, tomorrow, 3)
    assert told.disbursement_id == uuid5(loans.LOAN, "disbursement/2")
    paid, _ = confirm(loan, loans.confirmation(attempt=2), tomorrow, loans.POLICY)
    assert isinstance(paid, Loan)
    assert paid.status is Status.ACTIVE


def test_a_failure_seen_twice_asks_once() -> None:
    loan, _ = fail(loans.opened(), loans.failure(), loans.TODAY, loans.POLICY)
    again, events = fail(loan, loans.failure(), loans.TODAY, loans.POLICY)
    assert again is loan
    assert events == ()


def test_after_the_last_attempt_the_loan_is_cancelled() -> None:
    loan: Account = loans.opened()
    for attempt in (1, 2):
        loan, _ = fail(loan, loans.failure(attempt=attempt), loans.TODAY, loans.POLICY)
    loan, (told,) = fail(loan, loans.failure(attempt=3), loans.TODAY, loans.POLICY)
    assert isinstance(loan, Loan)
    assert isinstance(told, LoanCancelled)
    assert (loan.status, loan.ended_on) == (Status.CANCELLED, loans.TODAY)
    assert (told.application_id, told.reason, told.sequence) == (loans.APPLICATION, "account frozen", 5)
    again, events = fail(loan, loans.failure(attempt=3), loans.TODAY, loans.POLICY)
    assert again is loan
    assert events == ()


def test_a_failure_for_good_cancels_at_once_and_always_says_why() -> None:
    loan, (told,) = fail(loans.opened(), loans.failure(retryable=False, reason=""), loans.TODAY, loans.POLICY)
    assert isinstance(loan, Loan)
    assert isinstance(told, LoanCancelled)
    assert loan.status is Status.CANCELLED
    assert told.reason == "payout failed"


def test_reports_that_contradict_each_other_go_to_a_person() -> None:
    again, _ = fail(loans.opened(), loans.failure(), loans.TODAY, loans.POLICY)
    assert code_of(again, loans.confirmation(attempt=1)) == "payout_superseded"
    cancelled, _ = fail(loans.opened(), loans.failure(retryable=False), loans.TODAY, loans.POLICY)
    assert code_of(cancelled, loans.confirmation()) == "loan_cancelled"
    assert code_of(loans.active(), loans.failure()) == "already_disbursed"
    assert code_of(loans.opened(), loans.failure(attempt=2)) == "unknown_disbursement"


def test_a_payout_that_cannot_be_made_goes_to_the_customers_other_account() -> None:
    waiting, _ = opening.approve(None, loans.approval(), loans.TODAY, loans.POLICY)
    opened, _ = opening.accept(waiting, loans.acceptance(debit_account="acct_other"), loans.TODAY, loans.POLICY)
    again, (told,) = fail(opened, loans.failure(retryable=False), loans.TODAY, loans.POLICY)
    assert isinstance(told, DisbursementRequested)
    assert (told.payout_account, told.attempt) == ("acct_other", 2)
    assert isinstance(again, Loan)
    cancelled, (told,) = fail(again, loans.failure(attempt=2, retryable=False), loans.TODAY, loans.POLICY)
    assert isinstance(told, LoanCancelled)
    assert isinstance(cancelled, Loan)
    assert (cancelled.status, cancelled.total_outstanding > 0, cancelled.journals) == (Status.CANCELLED, True, ())
