"""Loans whose principal is paid out in tranches or whose rate changes on known days.

Each change computes the instalments anew from the period it falls into. The interest of that period is rounded
segment by segment, between the changes.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from math import lcm

from .conventions import Accrual, DayCount, Share
from .daycount import days, year_of
from .errors import TermsError
from .methods import Split, annuity, split
from .periods import Periods
from .spans import span_from
from .terms import Method, Terms

Change = tuple[date, int, Decimal | None]
"""Day, amount paid out, new rate."""


def split_with_changes(terms: Terms, periods: Periods) -> tuple[Split, list[int]]:
    """The split, and what is paid out during each period. Raises TermsError."""
    if terms.conventions.level_of_all and terms.options.tranches and terms.method is Method.EQUAL_INSTALMENT:
        terms = _paying_the_level_of_all(terms, periods)
    by_period = _by_period(terms, periods)
    count = len(periods.ends)
    drawn = [sum(amount for _, amount, _ in by_period.get(number, ())) for number in range(count)]
    unit = lcm(*(rate.as_integer_ratio()[1] for rate in _rates(terms)))
    rate = _scaled(terms.annual_rate, unit)
    principals: list[int] = []
    interests: list[int] = []
    balance = terms.principal - sum(drawn)
    span = span_from(terms, periods, 0, balance, rate, unit)
    for stop in (*sorted(by_period), count):
        done = len(principals)
        if stop > done:
            parts, charged = split(span, max(terms.options.principal_grace - done, 0))
            principals += parts[: stop - done]
            interests += charged[: stop - done]
            balance -= sum(parts[: stop - done])
        if not balance and any(drawn[stop:]) and len(principals) < stop:
            raise TermsError("tranches", "the loan is repaid before all of it is paid out")
        if not balance and not any(drawn[stop:]):
            break
        if stop < count:
            interest, balance, rate = _first_interest(terms, periods, stop, balance, rate, unit, by_period[stop])
            span = span_from(terms, periods, stop, balance, rate, unit, interest)
    return (principals, interests), drawn


def _paying_the_level_of_all(terms: Terms, periods: Periods) -> Terms:
    """The terms with the level instalment that all the principal would have, had it been paid out at once."""
    rate, of = terms.annual_rate.as_integer_ratio()
    whole = span_from(terms, periods, 0, terms.principal, rate, of).after(terms.options.principal_grace)
    payment = annuity(whole.balance, whole.level, whole.unit, terms.conventions.level_divide)
    return replace(terms, method=Method.FIXED_PAYMENT, options=replace(terms.options, payment=payment))


def _by_period(terms: Terms, periods: Periods) -> dict[int, list[Change]]:
    changes: list[Change] = [(tranche.on, tranche.amount, None) for tranche in terms.options.tranches]
    changes += [(change.on, 0, change.annual_rate) for change in terms.options.rate_changes]
    grouped: dict[int, list[Change]] = {}
    for change in sorted(changes, key=lambda change: change[0]):
        number = bisect_right(periods.ends, change[0])
        if number == len(periods.ends):
            field = "tranches" if change[1] else "rate_changes"
            raise TermsError(field, f"{change[0]} is not before the last due date {periods.ends[-1]}")
        grouped.setdefault(number, []).append(change)
    if 0 in grouped and periods.stub is not None:
        raise TermsError("broken", "the terms change in a first period whose odd days are charged apart")
    return grouped


def _first_interest(
    terms: Terms, periods: Periods, number: int, balance: int, rate: int, unit: int, changes: list[Change]
) -> tuple[int, int, int]:
    """Interest of a period with changes, and the balance and rate after them."""
    divide = terms.conventions.divide
    start = periods.ends[number - 1] if number else terms.disbursed_on
    interest = 0
    for on, amount, new_rate in (*changes, (periods.ends[number], 0, None)):
        share, of = _share(terms, periods, number, start, on)
        interest += divide(balance * rate * share, unit * of)
        start, balance = on, balance + amount
        rate = rate if new_rate is None else _scaled(new_rate, unit)
    return interest, balance, rate


def _share(terms: Terms, periods: Periods, number: int, start: date, end: date) -> Share:
    """A part of a period as a share of a year: by the day count, or pro rata of a period that counts as whole."""
    weight, count = periods.weights[number], terms.conventions.day_count
    if terms.conventions.accrual is Accrual.DAILY and weight and count is not DayCount.ACTUAL_ACTUAL_ICMA:
        return days(count, start, end), year_of(count)
    opened = periods.ends[number - 1] if number else terms.disbursed_on
    return weight * (end - start).days, periods.base * (periods.ends[number] - opened).days


def _rates(terms: Terms) -> Iterator[Decimal]:
    yield terms.annual_rate
    yield from (change.annual_rate for change in terms.options.rate_changes)


def _scaled(rate: Decimal, unit: int) -> int:
    numerator, denominator = rate.as_integer_ratio()
    return numerator * (unit // denominator)
