"""Due dates, and their shift to working days."""

from calendar import isleap
from collections.abc import Callable
from datetime import date, timedelta

from .conventions import Frequency, MonthEnd, Shift, Unit
from .errors import TermsError

IsWorkingDay = Callable[[date], bool]

# To read a member from its enum costs more than to compare it.
_MONTHS, _LAST_DAY, _NO_SHIFT = Unit.MONTHS, MonthEnd.LAST_DAY, Shift.NONE

LONGEST_HOLIDAY = 60
"""Days without a working day after which a calendar is taken to be wrong."""


def regular(anchor: date, frequency: Frequency, numbers: range, month_end: MonthEnd, day: int = 0) -> list[date]:
    """The dates so many periods after `anchor`, on its day of the month or on `day`.

    Months are always counted from the anchor: after 31 January come 28 February and 31 March.
    Raises TermsError past the year 9999.
    """
    every = frequency.every
    try:
        if frequency.unit is not _MONTHS:
            start, step = anchor.toordinal(), frequency.days
            return [date.fromordinal(start + step * number) for number in numbers]
        first, day = anchor.year * 12 + anchor.month - 1, day or anchor.day
        months = range(first + every * numbers.start, first + every * numbers.stop, every)
        if day <= 28:
            return [date(month // 12, month % 12 + 1, day) for month in months]
        return [
            date(month // 12, month % 12 + 1, day)
            if day <= _SHORTEST[month % 12]
            else _late_in_month(month // 12, month % 12 + 1, day, month_end)
            for month in months
        ]
    except (ValueError, OverflowError) as error:
        raise TermsError("disbursed_on", f"the instalments after {anchor} leave the calendar") from error


_SHORTEST = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _late_in_month(year: int, month: int, day: int, month_end: MonthEnd) -> date:
    length = 29 if month == 2 and isleap(year) else _SHORTEST[month - 1]
    if day <= length:
        return date(year, month, day)
    if month_end is _LAST_DAY:
        return date(year, month, length)
    return date(year, month, length) + timedelta(1)


def month_of_first(disbursed_on: date, day: int, shortest: int, month_end: MonthEnd) -> date:
    """The first of the month whose due day is the earliest at least `shortest` days, and one, after the disbursement.

    Raises TermsError past the year 9999.
    """
    try:
        earliest = disbursed_on + timedelta(max(shortest, 1))
    except OverflowError as error:
        raise TermsError("disbursed_on", f"the instalments after {disbursed_on} leave the calendar") from error
    anchor = disbursed_on.replace(day=1)
    number = 0
    while regular(anchor, Frequency(), range(number, number + 1), month_end, day)[0] < earliest:
        number += 1
    return regular(anchor, Frequency(), range(number, number + 1), month_end)[0]


def shifted(due: date, shift: Shift, is_working_day: IsWorkingDay, disbursed_on: date) -> date:
    """The due date moved to a working day, never to or before the disbursement.

    Raises TermsError if the calendar knows none near.
    """
    if shift is _NO_SHIFT or is_working_day(due):
        return due
    following = _next_working_day(due, 1, is_working_day)
    if shift is Shift.FOLLOWING or (shift is Shift.MODIFIED_FOLLOWING and following.month == due.month):
        return following
    preceding = _next_working_day(due, -1, is_working_day)
    return preceding if preceding > disbursed_on else following


def _next_working_day(due: date, step: int, is_working_day: IsWorkingDay) -> date:
    for days in range(1, LONGEST_HOLIDAY + 1):
        candidate = due + timedelta(step * days)
        if is_working_day(candidate):
            return candidate
    raise TermsError("shift", f"the calendar has no working day within {LONGEST_HOLIDAY} days of {due}")
