"""Working days of a country, make-up workdays on weekends included: the calendar that due dates are shifted by.

Needs the library `holidays`, but only once a product shifts due dates: a partner's SDK can do without.
"""

from datetime import date
from functools import cache, lru_cache

from ..amortization import IsWorkingDay


@cache
def working_days(country: str = "CN") -> IsWorkingDay:
    """Whether a day is a working day in the country (ISO 3166). Raises LookupError for one not known.

    China's make-up workdays are announced late in the year before; until then its holidays fall on their usual
    days and weekends are free.
    """
    import holidays

    if country not in holidays.list_supported_countries():
        raise LookupError(f"no calendar of working days for {country!r}")
    days = holidays.country_holidays(country)

    @lru_cache(maxsize=8192)
    def is_working_day(day: date) -> bool:
        return bool(days.is_working_day(day))

    return is_working_day
