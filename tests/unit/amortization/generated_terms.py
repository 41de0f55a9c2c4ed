"""Hypothesis strategies for loan terms."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from lendstream.amortization import (
    Accrual,
    Basis,
    Broken,
    Conventions,
    DayCount,
    Fee,
    Frequency,
    Income,
    Level,
    Method,
    MonthEnd,
    Options,
    RateChange,
    Rounding,
    Shift,
    Subsidy,
    Terms,
    Tranche,
    Unit,
    When,
)

DAYS = st.dates(date(2000, 1, 1), date(2090, 12, 31))
RATES = st.integers(0, 3600).map(lambda basis_points: Decimal(basis_points) / 10_000)

FREQUENCIES = st.one_of(
    st.builds(Frequency, st.sampled_from([1, 2, 3, 6]), st.just(Unit.MONTHS)),
    st.builds(Frequency, st.sampled_from([1, 2, 4]), st.just(Unit.WEEKS)),
    st.builds(Frequency, st.integers(1, 45), st.just(Unit.DAYS)),
)

CONVENTIONS = st.builds(
    Conventions,
    frequency=FREQUENCIES,
    day_count=st.sampled_from(DayCount),
    accrual=st.sampled_from(Accrual),
    level=st.sampled_from(Level),
    rounding=st.sampled_from(Rounding),
    level_rounding=st.none() | st.sampled_from(Rounding),
    smooth=st.booleans(),
    exact_flat=st.booleans(),
    month_end=st.sampled_from(MonthEnd),
    broken=st.sampled_from(Broken),
    shift=st.sampled_from(Shift),
    shift_interest=st.booleans(),
)

FEES = st.lists(
    st.builds(
        Fee,
        code=st.sampled_from(["service", "insurance"]),
        when=st.just(When.INSTALMENT),
        amount=st.integers(0, 5_000),
        rate=st.integers(0, 50).map(lambda share: Decimal(share) / 10_000),
        basis=st.sampled_from(Basis),
    ),
    max_size=2,
).map(tuple)

SUBSIDIES = st.lists(
    st.builds(
        Subsidy,
        payer=st.sampled_from(["merchant", "coupon"]),
        share=st.sampled_from([Decimal(1), Decimal("0.5"), Decimal("0.333")]),
        first=st.integers(1, 4),
        cap=st.none() | st.integers(0, 100_000),
    ),
    max_size=2,
).map(tuple)


def works_on_weekdays(day: date) -> bool:
    """A calendar."""
    return day.weekday() < 5


@st.composite
def terms(draw: st.DrawFn, methods: tuple[Method, ...] = tuple(Method)) -> Terms:
    """Terms of a consumer loan, as odd as they may be; most give a schedule, some are refused when it is made."""
    method = draw(st.sampled_from(methods))
    count = draw(st.integers(1, 48))
    principal = draw(st.integers(100_000, 50_000_000))
    opened = draw(DAYS)
    conventions = draw(CONVENTIONS)
    options = _method_options(draw, method, count, principal)
    options |= _dates(draw, conventions, opened)
    if method not in (Method.STEPS, Method.SINGLE_PAYMENT):
        options["principal_grace"] = draw(st.integers(0, max(0, min(6, count - 2))))
    options["interest_grace"] = draw(st.integers(0, min(3, count - 1)))
    options["interest_free"] = draw(st.integers(0, min(3, count)))
    changeable = method not in (Method.STEPS, Method.SINGLE_PAYMENT, Method.FLAT)
    changing = changeable and conventions.broken is Broken.IN_PERIOD and draw(st.booleans())
    if changing:
        options |= _changes(draw, opened, conventions, count, principal)
    elif draw(st.booleans()):
        options["down_payment"] = draw(st.sampled_from([Decimal("0.1"), Decimal("0.2"), Decimal("0.333")]))
    return Terms(
        principal=principal,
        annual_rate=draw(RATES),
        instalments=count,
        method=method,
        disbursed_on=opened,
        conventions=conventions,
        options=Options(fees=draw(FEES), subsidies=draw(SUBSIDIES), **options),
    )


def _method_options(draw: st.DrawFn, method: Method, count: int, principal: int) -> dict[str, Any]:
    if method is Method.BALLOON:
        if draw(st.booleans()):
            return {"balloon": draw(st.integers(1, principal // 2))}
        return {"amortised_over": draw(st.integers(count, 3 * count))}
    if method is Method.STEPS:
        return {"steps": (*draw(st.lists(st.integers(0, 5), min_size=count - 1, max_size=count - 1)), 1)}
    if method is Method.FIXED_PAYMENT:
        return {"payment": draw(st.integers(principal // 20, 2 * principal))}
    if method is Method.INCOME_BASED:
        floor = draw(st.integers(principal // 10, principal))
        return {"income": Income(draw(st.integers(0, 10 * principal)), Decimal("0.25"), floor, 3 * floor)}
    return {}


def _dates(draw: st.DrawFn, conventions: Conventions, opened: date) -> dict[str, Any]:
    if draw(st.booleans()):
        return {}
    if conventions.frequency == Frequency() and draw(st.booleans()):
        return {"due_day": draw(st.integers(1, 31))}
    return {"first_due": opened + timedelta(draw(st.integers(1, 2 * conventions.frequency.days)))}


def _changes(draw: st.DrawFn, opened: date, conventions: Conventions, count: int, principal: int) -> dict[str, Any]:
    last = max(conventions.frequency.days * (count - 1) * 9 // 10, 0)
    after = sorted(draw(st.sets(st.integers(0, last), min_size=1, max_size=3)))
    days = [opened + timedelta(number) for number in after]
    if draw(st.booleans()):
        return {"tranches": tuple(Tranche(day, principal // 8) for day in days)}
    return {"rate_changes": tuple(RateChange(day, draw(RATES)) for day in days)}
