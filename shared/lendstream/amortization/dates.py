"""Due dates."""

from calendar import monthrange
from datetime import date


def monthly(start: date, count: int) -> list[date]:
    """The same day of each of the `count` months after `start`, or the month's last day where it has no such day.

    Always counted from `start`: after 31 January come 28 February and 31 March.
    """
    day, first = start.day, start.year * 12 + start.month
    dates = []
    for index in range(first, first + count):
        year, month = divmod(index, 12)
        if day > 28:
            dates.append(date(year, month + 1, min(day, monthrange(year, month + 1)[1])))
        else:
            dates.append(date(year, month + 1, day))
    return dates
