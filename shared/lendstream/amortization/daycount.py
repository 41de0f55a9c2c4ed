"""Days between dates as shares of a year, exactly; and the interest on a fixed balance between two dates."""

from datetime import date
from decimal import Decimal

from .conventions import Conventions, DayCount, MonthEnd, Share
from .dates import regular
from .rounding import DIVIDE, Rounding

# To read a member from its enum costs more than to compare it.
_THIRTY_360, _ICMA = DayCount.THIRTY_360, DayCount.ACTUAL_ACTUAL_ICMA
_ACTUAL_ACTUAL, _ACTUAL_ACTUAL_LAST = DayCount.ACTUAL_ACTUAL, DayCount.ACTUAL_ACTUAL_LAST

_YEAR = {
    DayCount.THIRTY_360: 360,
    DayCount.ACTUAL_360: 360,
    DayCount.ACTUAL_364: 364,
    DayCount.ACTUAL_365: 365,
    DayCount.ACTUAL_ACTUAL: 365 * 366,
    DayCount.ACTUAL_ACTUAL_LAST: 365 * 366,
    DayCount.ACTUAL_ACTUAL_ICMA: 365,
}


def year_of(count: DayCount) -> int:
    """The denominator in which `days` counts a year."""
    return _YEAR[count]


def days(count: DayCount, start: date, end: date) -> int:
    """The time from `start` to `end`, in units of which `year_of(count)` make a year.

    ICMA needs the regular period as well (`odd_share`); here it counts actual days.
    """
    if count is _THIRTY_360:
        months = (end.year - start.year) * 12 + end.month - start.month
        return 30 * months + min(end.day, 30) - min(start.day, 30)
    if count is _ACTUAL_ACTUAL:
        return _by_year(start.toordinal(), end.toordinal(), start.year, end.year)
    if count is _ACTUAL_ACTUAL_LAST:
        # Counting the last day instead of the first is counting from the day after to the day after.
        first, last = start.toordinal() + 1, end.toordinal() + 1
        return _by_year(first, last, date.fromordinal(first).year, date.fromordinal(last).year)
    return end.toordinal() - start.toordinal()


def _by_year(first: int, last: int, first_year: int, last_year: int) -> int:
    total = 0
    while first_year < last_year:
        new_year = date(first_year + 1, 1, 1).toordinal()
        total += (new_year - first) * _day_in(first_year)
        first, first_year = new_year, first_year + 1
    return total + (last - first) * _day_in(last_year)


def _day_in(year: int) -> int:
    return 365 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 366


def odd_share(conventions: Conventions, start: date, end: date) -> Share:
    """The share of a year of the odd days from `start` to `end` beside a regular period."""
    count, frequency = conventions.day_count, conventions.frequency
    if count is not _ICMA:
        return days(count, start, end), _YEAR[count]
    (closes,) = regular(start, frequency, range(1, 2), MonthEnd.LAST_DAY)
    share, of = conventions.period_share
    return share * (end - start).days, of * (closes - start).days


def accrue(
    balance: int,
    annual_rate: Decimal,
    start: date,
    end: date,
    count: DayCount = DayCount.ACTUAL_365,
    rounding: Rounding = Rounding.HALF_UP,
) -> int:
    """Simple interest on a fixed balance from `start` (counted) to `end` (not counted), minor units.

    For accruals, payoff quotes and penalty interest; nothing if `end` is not after `start`.
    """
    if end <= start:
        return 0
    rate, unit = annual_rate.as_integer_ratio()
    return DIVIDE[rounding](balance * rate * days(count, start, end), unit * _YEAR[count])
