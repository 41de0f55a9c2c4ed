"""Ageing: overdue instalments, buckets, late fees, missed days."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lendstream.events.loan import Bucket, DelinquencyChanged, InstalmentOverdue, LateFeeCharged, LoanEvent
from lendstream_servicing.domain.ageing import age
from lendstream_servicing.domain.delinquency import bucket_of, days_past_due
from lendstream_servicing.domain.loan import Loan, Policy
from unit.servicing import loans

ACTIVE = loans.active()
FIRST_DUE = ACTIVE.instalments[0].due_date


def aged(loan: Loan, day: date, policy: Policy = loans.POLICY) -> tuple[Loan, tuple[LoanEvent, ...]]:
    after, events = age(loan, day, policy)
    assert isinstance(after, Loan)
    return after, events


def after_due(days: int) -> date:
    return FIRST_DUE + timedelta(days=days)


@pytest.mark.parametrize(
    ("late", "bucket"),
    [(0, "current"), (1, "M1"), (30, "M1"), (31, "M2"), (60, "M2"), (61, "M3"), (90, "M3"), (91, "M4+"), (900, "M4+")],
)
def test_buckets_by_days_past_due(late: int, bucket: str) -> None:
    assert bucket_of(late) == bucket


def test_nothing_happens_up_to_the_due_date() -> None:
    loan, events = aged(ACTIVE, FIRST_DUE)
    assert events == ()
    assert loan.next_action_on == after_due(1)


def test_a_due_date_is_a_day_that_matters_even_when_all_is_paid() -> None:
    """What an instalment earned is known from then on, and direct debit collects what follows."""
    paid, _ = loans.pay(ACTIVE, ACTIVE.instalments[0].outstanding)
    assert paid.next_action_on == FIRST_DUE
    loan, events = aged(paid, FIRST_DUE)
    assert events == ()
    assert (loan.aged_through, loan.next_action_on) == (FIRST_DUE, ACTIVE.instalments[1].due_date)


def test_the_day_after_the_due_date_the_instalment_is_overdue_once() -> None:
    loan, (overdue, moved) = aged(ACTIVE, after_due(1))
    assert isinstance(overdue, InstalmentOverdue)
    assert isinstance(moved, DelinquencyChanged)
    assert (overdue.instalment, overdue.due_date, overdue.as_of) == (1, FIRST_DUE, after_due(1))
    assert overdue.amount == moved.overdue_amount == ACTIVE.instalments[0].outstanding
    assert (moved.previous, moved.bucket, moved.days_past_due) == (Bucket.CURRENT, Bucket.M1, 1)
    assert [overdue.sequence, moved.sequence] == [4, 5]
    again, events = aged(loan, after_due(1))
    assert events == ()
    assert again.next_action_on is not None
    assert again.next_action_on > after_due(1)


def test_what_is_unpaid_of_the_instalment_is_overdue() -> None:
    paid, _ = loans.pay(ACTIVE, 1_000)
    _, (overdue, _) = aged(paid, after_due(1))
    assert isinstance(overdue, InstalmentOverdue)
    assert overdue.amount == ACTIVE.instalments[0].outstanding - 1_000


def test_a_paid_instalment_is_never_overdue() -> None:
    paid, _ = loans.pay(ACTIVE, ACTIVE.instalments[0].outstanding)
    _, events = aged(paid, ACTIVE.instalments[1].due_date)
    assert events == ()


def test_only_the_days_that_matter_touch_the_loan() -> None:
    loan, touched = ACTIVE, []
    day = FIRST_DUE
    while day < after_due(100):
        if loan.next_action_on is not None and loan.next_action_on <= day:
            touched.append((day - FIRST_DUE).days)
            loan, _ = aged(loan, day)
        day += timedelta(days=1)
    second, third, fourth = ((each.due_date - FIRST_DUE).days for each in ACTIVE.instalments[1:4])
    due, overdue = {0, second, third, fourth}, {1, second + 1, third + 1, fourth + 1}
    assert touched == sorted(due | overdue | {31, 61, 91})


def test_missed_days_are_caught_up_in_order() -> None:
    once, told = aged(ACTIVE, after_due(70))
    step: Loan = ACTIVE
    each_day: list[LoanEvent] = []
    for late in range(71):
        step, events = aged(step, after_due(late))
        each_day += events
    assert list(told) == each_day
    assert replace(once, news=()) == replace(step, news=())
    moves = [(event.bucket, event.as_of) for event in told if isinstance(event, DelinquencyChanged)]
    assert moves == [(Bucket.M1, after_due(1)), (Bucket.M2, after_due(31)), (Bucket.M3, after_due(61))]


def test_an_old_day_changes_nothing() -> None:
    loan, _ = aged(ACTIVE, after_due(40))
    again, events = aged(loan, after_due(3))
    assert events == ()
    assert again.instalments == loan.instalments


def test_a_day_that_is_walked_late_never_cures() -> None:
    """A payment on day 31 finds M2 before the walk of day 29 comes to the loan for its second instalment."""
    loan, _ = aged(loans.active(instalments=12), after_due(1))
    paid, (overdue, _, moved) = loans.pay(loan, 1, on=after_due(31))
    assert isinstance(overdue, InstalmentOverdue)
    assert (overdue.instalment, overdue.as_of) == (2, after_due(31))
    assert isinstance(moved, DelinquencyChanged)
    assert moved.bucket is Bucket.M2
    waiting = replace(paid, next_action_on=after_due(29))
    walked, events = aged(waiting, after_due(29))
    assert walked.bucket is Bucket.M2
    assert not any(isinstance(event, DelinquencyChanged) for event in events)


def test_the_late_fee_is_charged_once_after_the_grace() -> None:
    policy = replace(loans.POLICY, catalogue=loans.catalogue_with(late_fee=1_000, grace_days=3))
    loan = loans.active(policy)
    within, _ = aged(loan, after_due(3), policy)
    assert (within.instalments[0].late_fee, within.instalments[0].penalty) == (0, 0)
    assert within.next_action_on == after_due(4)
    charged, (told,) = aged(within, after_due(4), policy)
    assert isinstance(told, LateFeeCharged)
    assert (told.instalment, told.amount, told.as_of) == (1, 1_000, after_due(4))
    first = charged.instalments[0]
    # 24 % a year of 360 days on 96,315 for the 4 days since the due date: 256.84 fen
    assert (first.late_fee, first.penalty) == (1_000, 257)
    assert charged.overdue_amount == loan.instalments[0].outstanding + 1_257
    later, _ = aged(charged, after_due(20), policy)
    assert later.instalments[0].late_fee == 1_000
    # of 20 days 1,284.2 fen
    paid, _ = loans.pay(later, loan.instalments[0].outstanding + 2_284, on=after_due(20), policy=policy)
    assert (paid.instalments[0].penalty_paid, paid.instalments[0].outstanding) == (2_284, 0)
    assert paid.bucket is Bucket.CURRENT


def test_without_grace_the_late_fee_comes_with_the_first_day() -> None:
    policy = replace(loans.POLICY, catalogue=loans.catalogue_with(late_fee=500, grace_days=0))
    loan, _ = aged(loans.active(policy), after_due(1), policy)
    assert loan.instalments[0].late_fee == 500


def test_a_loan_that_is_not_paid_out_does_not_age() -> None:
    assert loans.opened().next_action_on is None


@given(st.lists(st.tuples(st.integers(0, 25), st.integers(0, 120_000)), max_size=12))
def test_whatever_is_paid_the_buckets_follow_the_oldest_unpaid_instalment(steps: list[tuple[int, int]]) -> None:
    loan, day = ACTIVE, FIRST_DUE
    for number, (days, amount) in enumerate(steps):
        day += timedelta(days=days)
        loan, _ = aged(loan, day)
        if amount:
            loan, _ = loans.pay(loan, amount, f"pay_{number}", on=day)
        oldest = next((each for each in loan.instalments if each.outstanding), None)
        late = max((day - oldest.due_date).days, 0) if oldest else 0
        assert days_past_due(loan, day) == late
        assert loan.bucket is bucket_of(late)
        due = [each for each in loan.instalments if each.due_date < day and each.outstanding]
        assert loan.overdue_amount == sum(each.outstanding for each in due)
        # a payment may leave days that are over as the next to be walked: nothing is new on them
        assert aged(loan, day)[1] == ()
    numbers = [event.sequence for event in loan.news]
    assert numbers == list(range(4, 4 + len(numbers)))
    overdue = [event.instalment for event in loan.news if isinstance(event, InstalmentOverdue)]
    assert len(overdue) == len(set(overdue))
