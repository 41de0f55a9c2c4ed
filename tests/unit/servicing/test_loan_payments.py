"""Payments: applied, early, late, twice, too much, for nobody."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lendstream.errors import Refused
from lendstream.events.loan import Bucket, DelinquencyChanged, LoanClosed, PaymentApplied, RefundRequested
from lendstream_servicing.domain.ageing import age
from lendstream_servicing.domain.loan import Awaiting, Loan, Status
from lendstream_servicing.domain.opening import accept, approve
from lendstream_servicing.domain.payments import receive
from lendstream_servicing.domain.payout import confirm, fail
from unit.servicing import loans

ACTIVE = loans.active()
OWED = ACTIVE.total_outstanding


def test_an_instalment_paid_exactly_is_settled_and_told() -> None:
    first = ACTIVE.instalments[0]
    loan, (told,) = loans.pay(ACTIVE, first.outstanding)
    assert isinstance(told, PaymentApplied)
    (part,) = told.allocations
    assert (part.instalment, part.interest, part.principal, part.settled) == (1, first.interest, first.principal, True)
    assert (told.credit, told.sequence) == (0, 4)
    assert told.principal_outstanding == 600_000 - first.principal
    assert told.total_outstanding == OWED - first.outstanding
    assert loan.instalments[0].settled_on == loans.TODAY
    assert loan.next_action_on == loan.instalments[0].due_date


def test_the_same_payment_again_changes_nothing() -> None:
    loan, _ = loans.pay(ACTIVE, 5_000)
    again, events = loans.pay(loan, 5_000)
    assert again is loan
    assert events == ()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": 5_001}, "amount"),
        ({"currency": "USD"}, "currency"),
        ({"value_date": loans.TODAY + timedelta(days=1)}, "value_date"),
        ({"channel": "wallet"}, "channel"),
    ],
)
@pytest.mark.parametrize("where", ["applied", "suspense"])
def test_other_money_under_a_known_number_is_refused(changes: dict[str, Any], field: str, where: str) -> None:
    account, _ = receive(ACTIVE if where == "applied" else None, loans.payment(5_000), loans.TODAY, loans.POLICY)
    with pytest.raises(Refused) as refused:
        receive(account, loans.payment(**{"amount": 5_000, **changes}), loans.TODAY, loans.POLICY)
    assert refused.value.code == "payment_conflict"
    assert refused.value.errors[0].field == field


def test_money_in_another_currency_waits_where_an_operator_sees_it() -> None:
    loan, events = receive(ACTIVE, loans.payment(5_000, currency="USD"), loans.TODAY, loans.POLICY)
    assert isinstance(loan, Loan)
    assert events == ()
    assert (loan.entries[-1].applied_on, loan.entries[-1].unallocated) == (None, 5_000)
    assert loan.instalments is ACTIVE.instalments


def test_two_payments_on_one_day_are_two_payments() -> None:
    loan, _ = loans.pay(ACTIVE, 5_000, "a")
    loan, (told,) = loans.pay(loan, 5_000, "b")
    assert isinstance(told, PaymentApplied)
    assert told.total_outstanding == OWED - 10_000
    assert told.sequence == 5


def test_paying_everything_closes_the_loan() -> None:
    loan, events = loans.pay(ACTIVE, OWED)
    assert loans.names(events) == ["PaymentApplied", "LoanClosed"]
    assert (loan.status, loan.ended_on, loan.next_action_on) == (Status.CLOSED, loans.TODAY, None)
    assert loan.total_outstanding == loan.credit == 0


def test_paying_too_much_leaves_a_credit() -> None:
    loan, (told, closed, refund) = loans.pay(ACTIVE, OWED + 777)
    assert isinstance(told, PaymentApplied)
    assert isinstance(closed, LoanClosed)
    assert isinstance(refund, RefundRequested)
    assert told.credit == closed.credit == loan.credit == refund.amount == loan.refund == 777
    assert refund.refund_account == "acct_8f2c"
    assert loan.entries[-1].unallocated == 777


def test_a_payment_for_a_closed_loan_is_all_credit() -> None:
    closed, _ = loans.pay(ACTIVE, OWED)
    loan, (told, refund) = loans.pay(closed, 1_234, "again")
    assert isinstance(told, PaymentApplied)
    assert isinstance(refund, RefundRequested)
    assert refund.amount == 1_234
    assert (told.allocations, told.credit, loan.credit) == ((), 1_234, 1_234)
    assert loan.status is Status.CLOSED


def test_a_payment_before_the_loan_waits_and_is_applied_once_it_is_paid_out() -> None:
    account, events = receive(None, loans.payment(5_000), loans.TODAY, loans.POLICY)
    assert isinstance(account, Awaiting)
    assert events == ()
    assert account.entries[0].unallocated == 5_000
    account, _ = accept(account, loans.acceptance(), loans.TODAY, loans.POLICY)
    account, events = approve(account, loans.approval(), loans.TODAY, loans.POLICY)
    assert loans.names(events) == ["LoanOpened", "DisbursementRequested"]
    account, events = receive(account, loans.payment(6_000, "second"), loans.TODAY, loans.POLICY)
    assert events == ()
    loan, events = confirm(account, loans.confirmation(), loans.TODAY, loans.POLICY)
    assert isinstance(loan, Loan)
    assert loans.names(events) == ["LoanDisbursed", "PaymentApplied", "PaymentApplied"]
    assert [event.sequence for event in events] == [3, 4, 5]
    assert loan.total_outstanding == OWED - 11_000
    assert all(each.applied_on == loans.TODAY and each.unallocated == 0 for each in loan.entries)


def test_early_money_of_another_currency_stays_in_suspense() -> None:
    account, _ = receive(None, loans.payment(5_000, currency="USD"), loans.TODAY, loans.POLICY)
    account, _ = accept(account, loans.acceptance(), loans.TODAY, loans.POLICY)
    account, _ = approve(account, loans.approval(), loans.TODAY, loans.POLICY)
    loan, events = confirm(account, loans.confirmation(), loans.TODAY, loans.POLICY)
    assert isinstance(loan, Loan)
    assert loans.names(events) == ["LoanDisbursed"]
    assert loan.entries[0].applied_on is None
    loan, events = loans.pay(loan, 1_000, "right currency")
    assert loans.names(events) == ["PaymentApplied"]


def test_money_for_a_cancelled_loan_stays_in_suspense() -> None:
    cancelled, _ = fail(loans.opened(), loans.failure(retryable=False), loans.TODAY, loans.POLICY)
    loan, events = loans.pay(cancelled, 5_000)
    assert events == ()
    assert loan.entries[0].unallocated == 5_000
    assert loan.entries[0].applied_on is None


def test_a_payment_cures_a_late_loan() -> None:
    late_on = ACTIVE.instalments[0].due_date + timedelta(days=40)
    late, _ = age(ACTIVE, late_on, loans.POLICY)
    assert isinstance(late, Loan)
    assert late.bucket is Bucket.M2
    first, second = loans.on_day(late, late_on).instalments[:2]
    loan, (told, moved) = loans.pay(late, first.outstanding, on=late_on)
    assert isinstance(told, PaymentApplied)
    # 24 % a year of 360 days on 96,315 for 40 days: 2,568.4 fen
    assert told.allocations[0].penalty == 2_568
    assert isinstance(moved, DelinquencyChanged)
    assert (moved.previous, moved.bucket, moved.days_past_due) == (Bucket.M2, Bucket.M1, 10)
    assert moved.overdue_amount == second.outstanding
    loan, (_, moved) = loans.pay(loan, loan.overdue_amount, "rest", on=late_on)
    assert isinstance(moved, DelinquencyChanged)
    assert (moved.bucket, moved.days_past_due, moved.overdue_amount) == (Bucket.CURRENT, 0, 0)
    assert loan.bucket is Bucket.CURRENT


def test_part_of_an_overdue_instalment_cures_nothing() -> None:
    late_on = ACTIVE.instalments[0].due_date + timedelta(days=5)
    late, _ = age(ACTIVE, late_on, loans.POLICY)
    loan, events = loans.pay(late, 1, on=late_on)
    assert loans.names(events) == ["PaymentApplied"]
    assert loan.bucket is Bucket.M1


def test_a_late_loan_that_is_paid_off_is_cured_then_closed() -> None:
    late_on = ACTIVE.instalments[0].due_date + timedelta(days=5)
    late, _ = age(ACTIVE, late_on, loans.POLICY)
    _, events = loans.pay(late, loans.on_day(late, late_on).total_outstanding, on=late_on)
    assert loans.names(events) == ["PaymentApplied", "DelinquencyChanged", "LoanClosed"]


@given(st.lists(st.integers(1, OWED), min_size=1, max_size=8))
def test_any_split_of_the_money_ends_with_the_same_loan(amounts: list[int]) -> None:
    split: Loan = ACTIVE
    closings = 0
    for number, amount in enumerate(amounts):
        before = split.total_outstanding
        split, events = loans.pay(split, amount, f"pay_{number}")
        applied = events[0]
        assert isinstance(applied, PaymentApplied)
        parts = sum(part.fee + part.penalty + part.interest + part.principal for part in applied.allocations)
        assert parts + applied.credit == applied.amount
        assert applied.total_outstanding == max(before - amount, 0)
        closings += any(isinstance(event, LoanClosed) for event in events)
        assert (split.status is Status.CLOSED) == (split.total_outstanding == 0)
    once, _ = loans.pay(ACTIVE, sum(amounts))
    assert split.instalments == once.instalments
    assert (split.credit, split.status, split.next_action_on) == (once.credit, once.status, once.next_action_on)
    assert closings == (1 if once.status is Status.CLOSED else 0)
    assert [event.sequence for event in split.news] == list(range(4, split.sequence + 1))
