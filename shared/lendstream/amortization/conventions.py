"""The conventions a product fixes once for all its loans: how time is counted and how amounts are rounded."""

from dataclasses import dataclass, field, fields
from enum import StrEnum

from .errors import TermsError
from .rounding import DIVIDE, Divide, Rounding, to_multiple


class Unit(StrEnum):
    """The unit of a repayment period."""

    MONTHS = "months"
    WEEKS = "weeks"
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class Frequency:
    """An instalment every so many units: (2, WEEKS) is biweekly, (10, DAYS) every ten days. Raises TermsError."""

    every: int = 1
    unit: Unit = Unit.MONTHS

    def __post_init__(self) -> None:
        if not 1 <= self.every <= 366:
            raise TermsError("frequency", f"an instalment falls due every 1 to 366 {self.unit}, not {self.every}")

    @property
    def days(self) -> int:
        """Days of a period; of a month, thirty."""
        return self.every * (30 if self.unit is Unit.MONTHS else 7 if self.unit is Unit.WEEKS else 1)


MONTHLY = Frequency()
WEEKLY = Frequency(1, Unit.WEEKS)
BIWEEKLY = Frequency(2, Unit.WEEKS)


class DayCount(StrEnum):
    """How many days lie between two dates, and how many make a year. The first day counts, the last does not."""

    THIRTY_360 = "30/360"
    """Every month has 30 days (30E/360: the 31st counts as the 30th)."""
    ACTUAL_360 = "actual/360"
    ACTUAL_364 = "actual/364"
    """A year of 52 weeks."""
    ACTUAL_365 = "actual/365"
    ACTUAL_ACTUAL = "actual/actual"
    """ISDA: days in leap years over 366, the others over 365."""
    ACTUAL_ACTUAL_LAST = "actual/actual, last day"
    """The same, but the last day counts and the first does not: 31 December to 1 January is a day of the new year."""
    ACTUAL_ACTUAL_ICMA = "actual/actual icma"
    """Days over the length of the regular period that they are part of."""


class Accrual(StrEnum):
    """PER_PERIOD: a whole period bears its share of the annual rate (a twelfth a month), odd days by day count.
    DAILY: every day bears interest by the day count."""

    PER_PERIOD = "per_period"
    DAILY = "daily"


class Level(StrEnum):
    """The rates from which a level instalment is computed; the interest itself always follows the accrual."""

    EXACT = "exact"
    """Each period's own: the instalments stay level to the last but for rounding."""
    PERIODS = "periods"
    """A twelfth of the annual rate a month; the last instalment takes the difference."""
    THIRTY_DAYS = "thirty_days"
    """Thirty days a month over the day count's year; the last instalment takes the difference."""


class MonthEnd(StrEnum):
    """When a month is too short for the due day."""

    LAST_DAY = "last_day"
    NEXT_MONTH = "next_month"
    """The first day of the next month."""


class Shift(StrEnum):
    """Where a due date goes that is no working day."""

    NONE = "none"
    FOLLOWING = "following"
    PRECEDING = "preceding"
    MODIFIED_FOLLOWING = "modified_following"
    """Following, unless that is in the next month: then preceding."""


class Broken(StrEnum):
    """What becomes of the interest of the days by which the first period is longer than a regular one."""

    IN_PERIOD = "in_period"
    """The first period simply is longer."""
    FIRST = "first"
    """It is added to the first instalment."""
    SPREAD = "spread"
    """It is divided over all instalments."""
    UPFRONT = "upfront"
    """It is due at the disbursement, as instalment number 0."""


_DAYS_IN_YEAR = {
    DayCount.THIRTY_360: 360,
    DayCount.ACTUAL_360: 360,
    DayCount.ACTUAL_364: 364,
    DayCount.ACTUAL_365: 365,
}
_BY_CALENDAR_YEAR = frozenset({DayCount.ACTUAL_ACTUAL, DayCount.ACTUAL_ACTUAL_LAST})

_A_YEAR = {Unit.MONTHS: 12, Unit.WEEKS: 52, Unit.DAYS: 365}

Share = tuple[int, int]
"""A share of a year: numerator and denominator."""


@dataclass(frozen=True, slots=True)
class Conventions:
    """Defaults: monthly, a twelfth of the annual rate a month, half up to the minor unit. Raises TermsError.

    multiple: level and flat instalments (and a down payment) are rounded to this many minor units, by
    `level_rounding` if given, else by `rounding`. smooth: adjust the level instalment up to three times so that
    the last one comes close to it. level_of_all: of a loan in tranches, the level instalment is that of all the
    principal from the beginning, and stays when more is paid out. exact_flat: the last flat instalment brings the
    interest to the unrounded total. shortest_first_period: with a due day chosen, the first instalment is at least
    so many days away. shift_interest: interest runs to the shifted due date.
    """

    frequency: Frequency = MONTHLY
    day_count: DayCount = DayCount.THIRTY_360
    accrual: Accrual = Accrual.PER_PERIOD
    level: Level = Level.EXACT
    rounding: Rounding = Rounding.HALF_UP
    level_rounding: Rounding | None = None
    multiple: int = 1
    smooth: bool = False
    level_of_all: bool = False
    exact_flat: bool = False
    month_end: MonthEnd = MonthEnd.LAST_DAY
    broken: Broken = Broken.IN_PERIOD
    shortest_first_period: int = 15
    shift: Shift = Shift.NONE
    shift_interest: bool = False

    # What follows from the above, worked out once for all the loans of a product.
    divide: Divide = field(init=False, repr=False, compare=False)
    """Rounds interest."""
    level_divide: Divide = field(init=False, repr=False, compare=False)
    """Rounds level and flat instalments, to the multiple."""
    period_share: Share = field(init=False, repr=False, compare=False)
    """A whole period: twelfths for months, else days over the day count's year."""
    level_share: Share | None = field(init=False, repr=False, compare=False)
    """A period as the level instalment counts it; None: by its own days."""
    whole_periods: bool = field(init=False, repr=False, compare=False)
    """Every regular period is the same share of a year."""
    counts_days: bool = field(init=False, repr=False, compare=False)
    """Every day is the same share of a year."""
    shifts: bool = field(init=False, repr=False, compare=False)
    a_year: Share = field(init=False, repr=False, compare=False)
    """Periods a year: 12 for months, 52 for weeks, 365 for days, over how many of them make a period."""
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.multiple < 1:
            raise TermsError("multiple", f"must be at least 1 minor unit, not {self.multiple}")
        if self.smooth and self.multiple > 1:
            raise TermsError("smooth", "an adjusted instalment is no multiple; give one of the two")
        if not 0 <= self.shortest_first_period <= 366:
            raise TermsError("shortest_first_period", f"must be 0 to 366 days, not {self.shortest_first_period}")
        days_in_year = _DAYS_IN_YEAR.get(self.day_count, 365)
        months = self.frequency.unit is Unit.MONTHS
        period = (self.frequency.every, 12) if months else (self.frequency.days, days_in_year)
        nominal = {
            Level.EXACT: None,
            Level.PERIODS: period,
            Level.THIRTY_DAYS: (self.frequency.days, days_in_year),
        }
        by_year = self.day_count in _BY_CALENDAR_YEAR
        derived = {
            "divide": DIVIDE[self.rounding],
            "level_divide": to_multiple(DIVIDE[self.level_rounding or self.rounding], self.multiple),
            "period_share": period,
            "level_share": nominal[self.level],
            "whole_periods": self.accrual is Accrual.PER_PERIOD and (months or not by_year),
            "counts_days": not by_year and self.day_count is not DayCount.THIRTY_360,
            "a_year": (_A_YEAR[self.frequency.unit], self.frequency.every),
            "shifts": self.shift is not Shift.NONE,
            "_hash": hash(tuple(getattr(self, each.name) for each in fields(self) if each.compare)),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    def __hash__(self) -> int:
        return self._hash


PLAIN = Conventions()
