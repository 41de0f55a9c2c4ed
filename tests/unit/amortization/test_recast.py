"""Another course for the rest of a loan."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import assume, given, note
from hypothesis import strategies as st

from lendstream.amortization import (
    Accrual,
    Broken,
    Conventions,
    Course,
    DayCount,
    Income,
    Instalment,
    Keep,
    Method,
    Options,
    Recast,
    Schedule,
    Shift,
    Subsidy,
    Terms,
    TermsError,
    course_of,
    generate,
)
from lendstream.amortization.charges import subsidies_left
from unit.amortization.generated_terms import terms, works_on_weekdays

OPENED = date(2026, 1, 15)
LEVEL = frozenset({Method.EQUAL_INSTALMENT, Method.BALLOON})
WHOLE = frozenset({Method.INTEREST_THEN_BULLET, Method.SINGLE_PAYMENT, Method.FIXED_PAYMENT, Method.INCOME_BASED})
"""The methods that round no shares of a principal: what they leave over is what they would have left over."""


def loan(method: Method = Method.EQUAL_INSTALMENT, options: Options | None = None, **changes: object) -> Terms:
    """12,000 over a year at 12 %, by the month."""
    whole = {"principal": 1_200_000, "annual_rate": Decimal("0.12"), "instalments": 12, **changes}
    return Terms(method=method, disbursed_on=OPENED, options=options or Options(), **whole)  # type: ignore[arg-type]


def recast(course: Course, at: int, after: int, before: int, **change: object) -> tuple[Instalment, ...]:
    """The rows after a change on the day that period `at` begins."""
    on = course.periods.ends[at - 1] if at else course.terms.disbursed_on
    return course.recast(Recast(at=at, on=on, before=before, after=after, **change))[1]  # type: ignore[arg-type]


def balance_before(schedule: Schedule, at: int) -> int:
    """The principal owed when period `at` begins."""
    return schedule.instalments[at - 1].balance_after if at else schedule.opening_balance


# -- nothing changed: the same rows


@st.composite
def courses(draw: st.DrawFn) -> tuple[Course, Schedule]:
    """A loan of any terms whose principal is paid out at once and whose rate stays, and its schedule."""
    given_terms = draw(terms())
    options = given_terms.options
    assume(not options.tranches and not options.rate_changes and not options.down_payment)
    assume(given_terms.conventions.broken in (Broken.IN_PERIOD, Broken.UPFRONT))
    try:
        schedule = generate(given_terms, works_on_weekdays)
    except TermsError:
        assume(False)
        raise
    if schedule.instalments[0].number == 0:
        schedule = schedule._replace(instalments=schedule.instalments[1:])
    return course_of(given_terms, works_on_weekdays), schedule


@given(courses(), st.data())
def test_a_recast_that_changes_nothing_gives_the_same_rows(case: tuple[Course, Schedule], data: st.DataObject) -> None:
    course, schedule = case
    rows, options = schedule.instalments, schedule.terms.options
    at = data.draw(st.integers(0, len(rows) - 1))
    assume(not any(row.principal and row.balance_after == 0 for row in rows[:at]))
    assume(at == 0 or at > options.interest_grace)  # the interest deferred until then is handed over as accrued
    assume(at == 0 or schedule.terms.conventions.level.value == "exact" or schedule.terms.method not in LEVEL)
    left = balance_before(schedule, at)
    usual = rows[-2] if len(rows) > 1 else rows[-1]
    level = usual.principal + usual.interest + usual.subsidy
    keeps = schedule.terms.method in LEVEL and len(rows) - at > 1 and at > 0
    charged = [(row.number, row.interest, row.subsidy) for row in rows[:at]]
    try:
        got = recast(
            course,
            at,
            left,
            left,
            keep=Keep.INSTALMENT if keeps else Keep.TENOR,
            level=level if keeps else 0,
            subsidies=subsidies_left(schedule.terms, charged),
        )
    except TermsError:
        assume(False)
        raise
    note(repr(schedule.terms))
    assert [row[:2] for row in got] == [row[:2] for row in rows[at:]]
    if schedule.terms.method in WHOLE or keeps or not at:
        assert got == rows[at:]
    else:
        # A share of what is left rounds otherwise than a share of all: by a unit an instalment.
        assert all(
            abs(ours.principal - theirs.principal) <= len(rows) + schedule.terms.conventions.multiple * len(rows)
            for ours, theirs in zip(got, rows[at:], strict=True)
        )


# -- what holds of every recast


@given(courses(), st.data())
def test_the_rows_repay_what_is_owed_after_the_change(case: tuple[Course, Schedule], data: st.DataObject) -> None:
    course, schedule = case
    rows = schedule.instalments
    at = data.draw(st.integers(0, len(rows) - 1))
    start = course.periods.ends[at - 1] if at else course.terms.disbursed_on
    before = balance_before(schedule, at)
    after = data.draw(st.integers(1, max(2 * before, 1)))
    change = Recast(
        at=at,
        on=start + timedelta(data.draw(st.integers(0, max((course.periods.ends[at] - start).days - 1, 0)))),
        before=before,
        after=after,
        accrued=data.draw(st.integers(0, 10_000)),
        keep=data.draw(st.sampled_from(Keep)),
        level=data.draw(st.integers(0, before)),
        annual_rate=data.draw(st.none() | st.sampled_from([Decimal(0), Decimal("0.08"), Decimal("0.3")])),
        instalments=data.draw(st.none() | st.integers(1, 60)),
        skip=data.draw(st.integers(0, 3)),
    )
    try:
        later, got = course.recast(change)
    except TermsError:
        return
    assert sum(row.principal for row in got) == after
    assert min(row.principal for row in got) >= 0
    assert got[-1].balance_after == 0
    assert [row.number for row in got] == list(range(course.first + at, course.first + at + len(got)))
    assert all(one.due_date < two.due_date for one, two in pairwise(got))
    assert later.first == got[0].number
    assert later.terms.principal == after


# -- tenor, size, extension, holiday


@pytest.mark.parametrize("method", [Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL, Method.FLAT])
def test_the_tenor_stays_and_the_instalments_are_lower(method: Method) -> None:
    rows = generate(loan(method)).instalments
    left = rows[5].balance_after
    got = recast(course_of(loan(method)), 6, left - 300_000, left)
    assert [row.due_date for row in got] == [row.due_date for row in rows[6:]]
    assert all(ours.total < theirs.total for ours, theirs in zip(got, rows[6:], strict=True))


@pytest.mark.parametrize("method", [Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL, Method.FLAT])
def test_the_instalments_stay_and_are_fewer(method: Method) -> None:
    rows = generate(loan(method)).instalments
    left = rows[5].balance_after
    level = rows[6].total if method is Method.EQUAL_INSTALMENT else rows[6].principal
    got = recast(course_of(loan(method)), 6, left - 300_000, left, keep=Keep.INSTALMENT, level=level)
    assert len(got) < 6
    if method is Method.EQUAL_INSTALMENT:
        assert {row.total for row in got[:-1]} == {level}
    else:
        assert all(row.principal <= level for row in got)


def test_more_instalments_follow_in_the_loans_rhythm() -> None:
    terms_of_the_31st = replace(loan(), disbursed_on=date(2026, 1, 31))
    rows = generate(terms_of_the_31st).instalments
    left = rows[9].balance_after
    got = recast(course_of(terms_of_the_31st), 10, left, left, instalments=5)
    ends = [date(2026, 12, 31), date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30)]
    assert [row.due_date for row in got] == ends


def test_more_instalments_are_shifted_to_working_days() -> None:
    shifting = loan(conventions=Conventions(shift=Shift.FOLLOWING))
    rows = generate(shifting, works_on_weekdays).instalments
    left = rows[9].balance_after
    got = recast(course_of(shifting, works_on_weekdays), 10, left, left, instalments=8)
    assert len(got) == 8
    assert all(works_on_weekdays(row.due_date) for row in got)


@pytest.mark.parametrize("method", [Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL, Method.INTEREST_THEN_BULLET])
def test_a_holiday_leaves_out_due_days_and_defers_their_interest(method: Method) -> None:
    rows = generate(loan(method)).instalments
    left = rows[5].balance_after
    got = recast(course_of(loan(method)), 6, left, left, skip=2)
    assert len(got) == 6
    assert got[0].due_date == date(2026, 10, 15)  # instead of 15 August
    assert got[0].interest == round(Fraction(left * 3, 100))
    assert got[-1].due_date == date(2027, 3, 15)


# -- the first interest


@pytest.mark.parametrize("count", [DayCount.ACTUAL_360, DayCount.ACTUAL_365])
def test_the_interest_of_the_running_period_is_exact_by_the_day(count: DayCount) -> None:
    daily = loan(conventions=Conventions(day_count=count, accrual=Accrual.DAILY))
    year = 360 if count is DayCount.ACTUAL_360 else 365
    left = generate(daily).instalments[2].balance_after
    on = date(2026, 4, 25)
    accrued = round(Fraction(left * 12 * 10, 100 * year))
    change = Recast(at=3, on=on, before=left, after=left - 200_000, accrued=accrued)
    first = course_of(daily).recast(change)[1][0]
    assert first.interest == accrued + round(Fraction((left - 200_000) * 12 * 20, 100 * year))


def test_the_interest_of_the_running_month_is_pro_rata() -> None:
    left = generate(loan()).instalments[2].balance_after
    change = Recast(at=3, on=date(2026, 4, 25), before=left, after=left, accrued=round(Fraction(left, 300)))
    first = course_of(loan()).recast(change)[1][0]
    assert first.interest == round(Fraction(left, 300)) + round(Fraction(left * 20, 100 * 30))


@given(courses(), st.data())
def test_the_parts_of_a_period_add_up_to_it(case: tuple[Course, Schedule], data: st.DataObject) -> None:
    course, schedule = case
    conventions = schedule.terms.conventions
    assume(conventions.day_count is not DayCount.ACTUAL_ACTUAL_ICMA)
    at = data.draw(st.integers(1, max(len(course.periods.ends) - 1, 1)))
    assume(at < len(course.periods.ends))
    opens, closes = course.periods.ends[at - 1], course.periods.ends[at]
    on = opens + timedelta(data.draw(st.integers(0, (closes - opens).days)))
    whole = course.interest(at, 1_000_000)
    assert abs(course.interest(at, 1_000_000, None, on) + course.interest(at, 1_000_000, on) - whole) <= 2


def test_a_longer_course_goes_on_regularly() -> None:
    course = course_of(loan()).reaching(14)
    assert course.periods.ends[11:] == (date(2027, 1, 15), date(2027, 2, 15), date(2027, 3, 15), date(2027, 4, 15))
    assert course.interest(14, 1_200_000) == 12_000
    assert course_of(loan()).reaching(3).periods == course_of(loan()).periods


# -- rate, method by method


def test_another_rate_counts_from_its_day() -> None:
    left = generate(loan()).instalments[5].balance_after
    got = recast(course_of(loan()), 6, left, left, annual_rate=Decimal("0.06"))
    assert [row[:4] for row in got] == [
        (number, due, principal, interest)
        for (_, due, principal, interest, *_), number in zip(
            generate(Terms(left, Decimal("0.06"), 6, Method.EQUAL_INSTALMENT, date(2026, 7, 15))).instalments,
            range(7, 13),
            strict=True,
        )
    ]


def test_flat_interest_is_on_what_was_lent_in_proportion() -> None:
    flat = loan(Method.FLAT)
    left = generate(flat).instalments[5].balance_after
    got = recast(course_of(flat), 6, left // 2, left)
    assert {row.interest for row in got} == {6_000}  # a month's of half of 12,000
    lower = recast(course_of(flat), 6, left, left, annual_rate=Decimal("0.06"))
    assert {row.interest for row in lower} == {6_000}


def test_one_payment_at_the_end_stays_one() -> None:
    single = loan(Method.SINGLE_PAYMENT)
    change = Recast(at=0, on=date(2026, 4, 15), before=1_200_000, after=800_000, accrued=36_000)
    (row,) = course_of(single).recast(change)[1]
    assert (row.due_date, row.principal) == (date(2027, 1, 15), 800_000)
    assert row.interest == 36_000 + round(Fraction(800_000 * 12 * 275, 100 * 365))


@pytest.mark.parametrize("options", [Options(balloon=400_000), Options(amortised_over=36)])
def test_a_balloon_shrinks_with_the_balance(options: Options) -> None:
    balloon = loan(Method.BALLOON, options)
    rows = generate(balloon).instalments
    left = rows[5].balance_after
    got = recast(course_of(balloon), 6, left // 2, left)
    assert abs(got[-1].principal - rows[-1].principal // 2) <= 12
    assert abs(got[0].total - rows[6].total // 2) <= 2


def test_steps_go_on_with_their_weights() -> None:
    seasonal = loan(Method.STEPS, Options(steps=(0, 0, 1) * 4))
    left = generate(seasonal).instalments[3].balance_after
    got = recast(course_of(seasonal), 4, left, left)
    assert [bool(row.principal) for row in got] == [False, True, False, False, True, False, False, True]
    longer = recast(course_of(seasonal), 4, left, left, instalments=11)
    assert [bool(row.principal) for row in longer] == [False, True, *[False, False, True] * 3]


def test_an_income_based_instalment_still_follows_the_income() -> None:
    income = Income(1_000_000, Decimal("0.15"), 50_000, 200_000)
    following = loan(Method.INCOME_BASED, Options(income=income))
    left = generate(following).instalments[2].balance_after
    got = recast(course_of(following), 3, left - 300_000, left)
    assert {row.total for row in got[:-1]} == {150_000}
    assert len(got) < 9


def test_nothing_left_is_no_schedule() -> None:
    with pytest.raises(TermsError, match="nothing is left"):
        recast(course_of(loan()), 6, 0, 600_000)
    with pytest.raises(TermsError, match="between 1 and 600"):
        recast(course_of(loan()), 6, 600_000, 600_000, instalments=601)


# -- subsidies

COUPON = Subsidy("coupon", cap=20_000)


def test_a_coupon_is_never_granted_twice() -> None:
    terms_with = loan(options=Options(subsidies=(COUPON,)))
    rows = generate(terms_with).instalments
    assert sum(row.subsidy for row in rows[:1]) == 12_000
    left = subsidies_left(terms_with, [(row.number, row.interest, row.subsidy) for row in rows[:1]])
    assert left == (replace(COUPON, cap=8_000),)
    got = recast(course_of(terms_with), 1, rows[0].balance_after, rows[0].balance_after, subsidies=left)
    assert sum(row.subsidy for row in got) == 8_000


def test_who_bears_first_has_borne_first() -> None:
    two = (Subsidy("state", Decimal("0.5"), cap=100_000), replace(COUPON, cap=3_000))
    terms_with = loan(options=Options(subsidies=two))
    first = generate(terms_with).instalments[0]
    left = subsidies_left(terms_with, [(first.number, first.interest, first.subsidy)])
    assert [each.cap for each in left] == [94_000, 0]


def test_subsidies_without_a_cap_stay_as_they_are() -> None:
    plain = (Subsidy("merchant", first=2, last=4),)
    assert subsidies_left(loan(options=Options(subsidies=plain)), [(2, 0, 11_000)]) == plain


def test_subsidised_instalments_are_counted_by_the_loans_own_numbers() -> None:
    terms_with = loan(options=Options(subsidies=(Subsidy("merchant", first=1, last=8),)))
    left = generate(terms_with).instalments[5].balance_after
    got = recast(course_of(terms_with), 6, left, left)
    assert [row.number for row in got if row.subsidy] == [7, 8]
