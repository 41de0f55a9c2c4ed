"""When the money of a schedule moves, in periods from the disbursement."""

from datetime import date
from fractions import Fraction

from .conventions import Frequency, MonthEnd
from .dates import regular
from .schedule import Schedule


def is_regular(schedule: Schedule) -> bool:
    """Whether instalment k falls due exactly k periods after the one disbursement."""
    return schedule.terms.options.whole_periods and not schedule.terms.conventions.shifts


def unit_periods(start: date, end: date, frequency: Frequency) -> tuple[int, Fraction]:
    """Whole periods and the odd fraction of one between two dates.

    Whole periods are counted back from the later date, the odd days before them are a share of 30 days a month
    or of the period's days (12 CFR 1026, Appendix J, (b)(5)).
    """
    whole = (end.toordinal() - start.toordinal()) // (frequency.days + frequency.every)
    back = end if not whole else _back(end, frequency, whole)
    while (earlier := _back(end, frequency, whole + 1)) >= start:
        whole, back = whole + 1, earlier
    return whole, Fraction((back - start).days, frequency.days)


def _back(end: date, frequency: Frequency, number: int) -> date:
    return regular(end, frequency, range(-number, 1 - number), MonthEnd.LAST_DAY)[0]
