"""Rounding, day counts and due dates, by hand-worked examples."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lendstream.amortization import (
    BIWEEKLY,
    MONTHLY,
    Accrual,
    Conventions,
    DayCount,
    Frequency,
    Method,
    MonthEnd,
    Options,
    Rounding,
    Shift,
    Terms,
    TermsError,
    Unit,
    accrue,
    generate,
    unit_periods,
)
from lendstream.amortization.daycount import days, year_of
from lendstream.amortization.rounding import DIVIDE, offset, rounded

HOLIDAY = {date(2026, 10, day) for day in range(1, 8)}


def is_working_day(day: date) -> bool:
    """A week in October is free, and all weekends."""
    return day.weekday() < 5 and day not in HOLIDAY


def dues(opened: date, count: int, conventions: Conventions, options: Options | None = None) -> list[str]:
    """The due dates of a loan."""
    terms = Terms(100_000, Decimal(0), count, Method.EQUAL_PRINCIPAL, opened, conventions, options or Options())
    return [row.due_date.isoformat() for row in generate(terms, is_working_day).instalments]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (Rounding.HALF_UP, [1, 1, 2, 2, 3]),
        (Rounding.HALF_EVEN, [1, 1, 2, 2, 2]),
        (Rounding.UP, [1, 2, 2, 2, 3]),
        (Rounding.DOWN, [1, 1, 1, 1, 2]),
    ],
)
def test_each_mode_of_rounding(mode: Rounding, expected: list[int]) -> None:
    quarters = [4, 5, 6, 7, 10]
    assert [rounded(Fraction(number, 4), mode) for number in quarters] == expected


@given(st.integers(0, 10**12), st.integers(1, 10**6), st.sampled_from(Rounding))
def test_the_offset_rounds_like_the_function(numerator: int, denominator: int, mode: Rounding) -> None:
    add, ties = offset(mode, denominator)
    quotient = (numerator + add) // denominator
    if ties and quotient & 1 and quotient * denominator == numerator + add:
        quotient -= 1
    assert quotient == DIVIDE[mode](numerator, denominator)


@pytest.mark.parametrize(
    ("count", "start", "end", "expected"),
    [
        (DayCount.THIRTY_360, "2026-01-31", "2026-02-28", Fraction(28, 360)),
        (DayCount.THIRTY_360, "2026-01-15", "2027-01-15", Fraction(1)),
        (DayCount.ACTUAL_360, "2026-01-01", "2026-04-01", Fraction(90, 360)),
        (DayCount.ACTUAL_365, "2024-01-01", "2025-01-01", Fraction(366, 365)),
        (DayCount.ACTUAL_364, "2026-01-01", "2026-01-15", Fraction(14, 364)),
        # Twenty days of 2023 count from the 12th to the 31st, eleven of 2024 from the 1st to the 11th.
        (DayCount.ACTUAL_ACTUAL, "2023-12-12", "2024-01-12", Fraction(20, 365) + Fraction(11, 366)),
        # Counted by their last days: nineteen from the 13th to the 31st, twelve from the 1st to the 12th.
        (DayCount.ACTUAL_ACTUAL_LAST, "2023-12-12", "2024-01-12", Fraction(19, 365) + Fraction(12, 366)),
        (DayCount.ACTUAL_ACTUAL, "2023-07-01", "2026-07-01", Fraction(184, 365) + 1 + 1 + Fraction(181, 365)),
        (DayCount.ACTUAL_ACTUAL, "1899-12-31", "1900-03-01", Fraction(1, 365) + Fraction(59, 365)),
    ],
)
def test_day_counts(count: DayCount, start: str, end: str, expected: Fraction) -> None:
    counted = days(count, date.fromisoformat(start), date.fromisoformat(end))
    assert Fraction(counted, year_of(count)) == expected


def test_accrual_counts_the_first_day_and_not_the_last() -> None:
    opened = date(2026, 3, 1)
    assert accrue(1_000_000, Decimal("0.0365"), opened, opened + timedelta(1)) == 100
    assert accrue(1_000_000, Decimal("0.0365"), opened, opened) == 0
    assert accrue(1_000_000, Decimal("0.0365"), opened, opened - timedelta(3)) == 0


def test_monthly_dates_count_from_the_first_day() -> None:
    expected = ["2026-02-28", "2026-03-31", "2026-04-30"]
    assert dues(date(2026, 1, 31), 3, Conventions()) == expected
    assert dues(date(2028, 1, 30), 2, Conventions()) == ["2028-02-29", "2028-03-30"]
    rolled = Conventions(month_end=MonthEnd.NEXT_MONTH)
    assert dues(date(2026, 1, 31), 3, rolled) == ["2026-03-01", "2026-03-31", "2026-05-01"]


def test_other_frequencies() -> None:
    assert dues(date(2026, 1, 1), 2, Conventions(frequency=BIWEEKLY)) == ["2026-01-15", "2026-01-29"]
    every_ten_days = Conventions(frequency=Frequency(10, Unit.DAYS))
    assert dues(date(2026, 1, 1), 2, every_ten_days) == ["2026-01-11", "2026-01-21"]
    assert dues(date(2026, 11, 30), 2, Conventions(frequency=Frequency(3))) == ["2027-02-28", "2027-05-30"]


def test_a_chosen_due_day_leaves_time_before_the_first_instalment() -> None:
    assert dues(date(2026, 1, 10), 2, Conventions(), Options(due_day=20)) == ["2026-02-20", "2026-03-20"]
    sooner = Conventions(shortest_first_period=5)
    assert dues(date(2026, 1, 10), 2, sooner, Options(due_day=20)) == ["2026-01-20", "2026-02-20"]
    assert dues(date(2026, 1, 31), 2, Conventions(), Options(due_day=31)) == ["2026-02-28", "2026-03-31"]
    rolled = Conventions(month_end=MonthEnd.NEXT_MONTH)
    assert dues(date(2026, 1, 20), 3, rolled, Options(due_day=30)) == ["2026-03-01", "2026-03-30", "2026-04-30"]


def test_a_given_first_due_date_sets_the_day() -> None:
    first = Options(first_due=date(2026, 2, 5))
    assert dues(date(2026, 1, 10), 2, Conventions(), first) == ["2026-02-05", "2026-03-05"]
    then_on_the_20th = Options(first_due=date(2026, 2, 5), due_day=20)
    assert dues(date(2026, 1, 10), 2, Conventions(), then_on_the_20th) == ["2026-02-05", "2026-03-20"]


@pytest.mark.parametrize(
    ("shift", "opened", "expected"),
    [
        (Shift.NONE, "2026-09-03", "2026-10-03"),
        (Shift.FOLLOWING, "2026-09-03", "2026-10-08"),
        (Shift.PRECEDING, "2026-09-03", "2026-09-30"),
        (Shift.MODIFIED_FOLLOWING, "2026-09-03", "2026-10-08"),
        # Saturday 31 January: Monday is in February.
        (Shift.FOLLOWING, "2025-12-31", "2026-02-02"),
        (Shift.MODIFIED_FOLLOWING, "2025-12-31", "2026-01-30"),
    ],
)
def test_due_dates_move_to_working_days(shift: Shift, opened: str, expected: str) -> None:
    assert dues(date.fromisoformat(opened), 1, Conventions(shift=shift)) == [expected]


def test_a_due_date_never_moves_before_the_disbursement() -> None:
    opened, first = date(2026, 1, 2), Options(first_due=date(2026, 1, 3))
    assert dues(opened, 1, Conventions(shift=Shift.PRECEDING), first) == ["2026-01-05"]


def test_interest_follows_the_shifted_date_if_so_agreed() -> None:
    fixed = Conventions(day_count=DayCount.ACTUAL_365, accrual=Accrual.DAILY, shift=Shift.FOLLOWING)
    moving = replace(fixed, shift_interest=True)
    loan = (1_000_000, Decimal("0.0365"), 1, Method.EQUAL_PRINCIPAL, date(2026, 9, 3))
    assert generate(Terms(*loan, fixed), is_working_day).total_interest == 30 * 100
    assert generate(Terms(*loan, moving), is_working_day).total_interest == 35 * 100


def test_a_calendar_without_working_days_is_refused() -> None:
    terms = Terms(1_000, Decimal(0), 1, Method.FLAT, date(2026, 1, 1), Conventions(shift=Shift.FOLLOWING))
    with pytest.raises(TermsError, match="no working day"):
        generate(terms, lambda _: False)
    with pytest.raises(TermsError, match="needs a calendar"):
        generate(terms)


def test_dates_past_the_calendar_are_refused() -> None:
    with pytest.raises(TermsError, match="leave the calendar"):
        dues(date(9999, 6, 1), 12, Conventions())
    with pytest.raises(TermsError, match="leave the calendar"):
        dues(date(9999, 12, 28), 1, Conventions(), Options(due_day=5))


def test_unit_periods_count_back_from_the_later_date() -> None:
    assert unit_periods(date(2026, 1, 31), date(2026, 3, 31), MONTHLY) == (2, Fraction(0))
    assert unit_periods(date(2026, 2, 10), date(2026, 4, 1), MONTHLY) == (1, Fraction(19, 30))
    assert unit_periods(date(2026, 1, 1), date(2026, 1, 1), MONTHLY) == (0, Fraction(0))
    assert unit_periods(date(2026, 1, 1), date(2026, 1, 12), BIWEEKLY) == (0, Fraction(11, 14))
