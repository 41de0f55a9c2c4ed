"""What a payment settles: every order, by instalment and by part, due and in advance, early with and without a fee."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lendstream.catalogue import AllocationBy, Due, InAdvance
from lendstream.events.loan import Allocation, LoanRescheduled, PaymentApplied, RescheduleReason
from lendstream.events.payment import PaymentIntent
from lendstream_servicing.domain.loan import Instalment, Loan, Policy, Status
from lendstream_servicing.domain.payments import receive
from unit.servicing import loans

PARTS = ("fee", "penalty", "interest", "principal")
ORDERS = list(permutations(Due))
LATE = loans.active().instalments[2].due_date + timedelta(days=9)
"""Three instalments are overdue by then, of six."""
EARLY = loans.TODAY + timedelta(days=10)
orders = st.sampled_from(ORDERS)
amounts = st.integers(1, 800_000)
bys = st.sampled_from(AllocationBy)


@cache
def policy_with(**changes: Any) -> Policy:
    """The small-cash product with a fee for every instalment and a late fee, and these changes."""
    rules: dict[str, Any] = {"instalment_fee": 300, "late_fee": 1_000, **changes}
    return replace(loans.POLICY, catalogue=loans.catalogue_with(**rules))


def loan_of(policy: Policy) -> Loan:
    return loans.active(policy)


def paid(
    amount: int, on: date, policy: Policy, loan: Loan | None = None, intent: PaymentIntent | None = None
) -> tuple[Loan, PaymentApplied, tuple[Any, ...]]:
    loan = loan or loan_of(policy)
    event = loans.payment(amount, f"pay_{len(loan.entries)}", value_date=on, intent=intent)
    after, events = receive(loan, event, on, policy)
    assert isinstance(after, Loan)
    told = next(each for each in events if isinstance(each, PaymentApplied))
    return after, told, events


def unpaid(row: Instalment, due: Due) -> int:
    charged = row.late_fee + row.penalty if due is Due.PENALTY else getattr(row, due.value)
    return int(charged - getattr(row, f"{due.value}_paid"))


def parts(told: PaymentApplied) -> list[tuple[int, ...]]:
    return [(each.instalment, *(getattr(each, name) for name in PARTS)) for each in told.allocations]


def sum_of(allocation: Allocation) -> int:
    return sum(getattr(allocation, name) for name in PARTS)


@given(amounts, orders, bys)
def test_what_a_payment_settles_and_its_credit_sum_to_the_amount(
    amount: int, order: tuple[Due, ...], by: AllocationBy
) -> None:
    policy = policy_with(allocation=order, allocation_by=by)
    before = loans.on_day(loan_of(policy), LATE, policy)
    after, told, _ = paid(amount, LATE, policy)
    assert sum(map(sum_of, told.allocations)) + told.credit == amount
    assert before.total_outstanding - after.total_outstanding == amount - told.credit
    assert told.credit == 0 or after.total_outstanding == 0
    for row in after.instalments:
        for due in Due:
            assert unpaid(row, due) >= 0
    assert all(sum_of(each) for each in told.allocations)
    for each in told.allocations:
        row = after.instalments[each.instalment - 1]
        assert each.settled == (row.outstanding == 0) == (row.settled_on == LATE)


@given(amounts, orders)
def test_by_instalment_the_oldest_is_settled_before_the_next_is_touched(amount: int, order: tuple[Due, ...]) -> None:
    after, told, _ = paid(amount, LATE, policy_with(allocation=order))
    numbers = [each.instalment for each in told.allocations]
    assert numbers == list(range(1, len(numbers) + 1))
    assert all(each.settled for each in told.allocations[:-1])
    for each in told.allocations:
        rest = [unpaid(after.instalments[each.instalment - 1], due) for due in order]
        open_at = next((place for place, left in enumerate(rest) if left), len(rest))
        assert all(getattr(each, due.value) == 0 for due in order[open_at + 1 :])


@given(amounts, orders)
def test_by_part_a_part_of_all_due_instalments_comes_before_the_next_part(amount: int, order: tuple[Due, ...]) -> None:
    after, told, _ = paid(amount, LATE, policy_with(allocation=order, allocation_by=AllocationBy.PART))
    given_to = {each.instalment: each for each in told.allocations}
    steps = [(due, number) for due in order for number in (1, 2, 3)]
    rest = [unpaid(after.instalments[number - 1], due) for due, number in steps]
    open_at = next((place for place, left in enumerate(rest) if left), len(rest))
    for due, number in steps[open_at + 1 :]:
        assert number not in given_to or getattr(given_to[number], due.value) == 0
    if open_at < len(rest):
        assert set(given_to) <= {1, 2, 3}


@given(st.lists(st.integers(1, 200_000), min_size=1, max_size=8), orders, bys)
def test_however_a_sum_is_split_the_same_is_settled(split: list[int], order: tuple[Due, ...], by: AllocationBy) -> None:
    policy = policy_with(allocation=order, allocation_by=by)
    once, _, _ = paid(sum(split), LATE, policy)
    step = loan_of(policy)
    for amount in split:
        step, _, _ = paid(amount, LATE, policy, step)
    assert step.instalments == once.instalments
    assert step.credit == once.credit


def test_fee_then_penalty_then_interest_then_principal() -> None:
    policy = policy_with()
    first = loans.on_day(loan_of(policy), LATE, policy).instalments[0]
    owed = [unpaid(first, due) for due in (Due.FEE, Due.PENALTY, Due.INTEREST)]
    # 24 % a year of 360 days on 96,315 for 70 days: 4,494.7 fen, and the late fee
    assert owed == [300, 5_495, 9_000]
    _, told, _ = paid(sum(owed) + 7, LATE, policy)
    assert parts(told) == [(1, 300, 5_495, 9_000, 7)]


def test_by_part_the_interest_of_all_due_comes_before_the_principal_of_any() -> None:
    order = (Due.INTEREST, Due.PRINCIPAL, Due.FEE, Due.PENALTY)
    policy = policy_with(allocation=order, allocation_by=AllocationBy.PART)
    # the interest due with the first three instalments, 1.5 % a month of what is owed: 9,000 + 7,555 + 6,089
    _, told, _ = paid(9_000 + 7_555 + 6_089 + 96_315 + 5, LATE, policy)
    assert parts(told) == [(1, 0, 0, 9_000, 96_315), (2, 0, 0, 7_555, 5), (3, 0, 0, 6_089, 0)]


# 6,000 yuan at 18 % over 6 months: an instalment of 105,315 fen and the fee of 300, interest 9,000, 7,555, 6,089, ...
INSTALMENT = 105_615


def test_in_advance_the_next_instalment_comes_first() -> None:
    loan, told, events = paid(INSTALMENT + 10, EARLY, policy_with(in_advance=InAdvance.NEXT_INSTALMENT))
    assert parts(told) == [(1, 300, 0, 9_000, 96_315), (2, 10, 0, 0, 0)]
    assert loans.names(events) == ["PaymentApplied"]
    assert loan.instalments[0].settled_on == EARLY


def test_in_advance_the_last_instalment_may_come_first() -> None:
    loan, told, events = paid(INSTALMENT + 10, EARLY, policy_with(in_advance=InAdvance.LAST_INSTALMENT))
    last = loan.instalments[-1]
    assert (last.fee, last.interest + last.principal) == (300, 105_315)
    assert parts(told) == [(6, 300, 0, last.interest, last.principal), (5, 10, 0, 0, 0)]
    assert loans.names(events) == ["PaymentApplied"]


def test_an_instalment_in_advance_may_be_settled_in_another_order() -> None:
    order = (Due.PRINCIPAL, Due.INTEREST, Due.FEE, Due.PENALTY)
    _, told, _ = paid(96_315 + 5, EARLY, policy_with(in_advance_allocation=order))
    assert parts(told) == [(1, 0, 0, 5, 96_315)]


def test_what_is_due_is_settled_in_its_own_order_all_the_same() -> None:
    order = (Due.PRINCIPAL, Due.INTEREST, Due.FEE, Due.PENALTY)
    on = loan_of(policy_with()).instalments[0].due_date
    _, told, _ = paid(INSTALMENT + 5, on, policy_with(in_advance_allocation=order))
    assert parts(told) == [(1, 300, 0, 9_000, 96_315), (2, 0, 0, 0, 5)]


@pytest.mark.parametrize("intended", [False, True], ids=["by the product's rule", "as the customer wants"])
@pytest.mark.parametrize("keep", ["lower_instalment", "fewer_instalments"])
def test_principal_is_repaid_early_and_the_rest_computed_anew(keep: str, intended: bool) -> None:
    policy = policy_with() if intended else policy_with(in_advance=InAdvance(keep))
    due = loan_of(policy).instalments[0].due_date
    loan, told, events = paid(INSTALMENT + 200_000, due, policy, intent=PaymentIntent(keep) if intended else None)
    assert parts(told) == [(1, 300, 0, 9_000, 96_315), (2, 0, 0, 0, 200_000)]
    (rescheduled,) = (each for each in events if isinstance(each, LoanRescheduled))
    assert rescheduled.reason is RescheduleReason.PREPAYMENT
    # 303,685 is owed from the due date on, at 1.5 % a month
    assert loan.principal_outstanding == rescheduled.principal_outstanding == 303_685
    assert loan.instalments[1].interest == 4_555
    if keep == "lower_instalment":
        # the annuity of 303,685 over 5: 303,685 * 0.015 / (1 - 1.015 ** -5) = 63,497.2
        assert [row.principal + row.interest for row in loan.instalments[1:5]] == [263_497, *[63_497] * 3]
        assert len(loan.instalments) == 6
    else:
        # as high as before: 105,315, twice, and the rest
        assert [row.principal + row.interest for row in loan.instalments[1:3]] == [305_315, 105_315]
        assert len(loan.instalments) == 4
    assert sum(row.principal for row in loan.instalments) == 600_000


def test_the_fee_for_repaying_early_is_taken_from_the_money() -> None:
    policy = policy_with(in_advance=InAdvance.LOWER_INSTALMENT, prepayment_fee_rate=Decimal("0.02"))
    due = loan_of(policy).instalments[0].due_date
    loan, told, _ = paid(INSTALMENT + 204_000, due, policy)
    assert parts(told) == [(1, 300, 0, 9_000, 96_315), (2, 0, 0, 0, 200_000)]
    assert (told.fee, told.credit) == (4_000, 0)
    assert loan.entries[-1].fee == 4_000


def test_paying_all_off_costs_the_interest_of_the_days_elapsed() -> None:
    policy = policy_with(prepayment_fee_rate=Decimal("0.02"))
    # ten days of the first period of 31, of interest 9,000: 2,903.2; and 2 % of 600,000
    owed = 600_000 + 2_903 + 12_000
    loan, told, events = paid(owed + 5, EARLY, policy, intent=PaymentIntent.PAY_OFF)
    assert (parts(told), told.fee, told.credit) == ([(1, 0, 0, 2_903, 600_000)], 12_000, 5)
    assert loan.status is Status.CLOSED
    assert "LoanClosed" in loans.names(events)
    short, told, _ = paid(owed - 1, EARLY, policy, intent=PaymentIntent.PAY_OFF)
    assert short.status is Status.ACTIVE
    assert told.fee == 0


@given(st.integers(1, 700_000), st.sampled_from(InAdvance), st.integers(0, 200), st.none() | st.sampled_from(ORDERS))
def test_money_in_advance_is_conserved_by_every_rule(
    amount: int, in_advance: InAdvance, days: int, order: tuple[Due, ...] | None
) -> None:
    policy = policy_with(in_advance=in_advance, prepayment_fee_rate=Decimal("0.013"), in_advance_allocation=order)
    loan, told, _ = paid(amount, loans.TODAY + timedelta(days=days), policy)
    assert sum(map(sum_of, told.allocations)) + told.fee + told.credit == amount
    assert sum(row.principal for row in loan.instalments) == 600_000
    assert loan.principal_outstanding == 600_000 - sum(row.principal_paid for row in loan.instalments)
