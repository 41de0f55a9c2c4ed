"""The time axis of a loan: when instalments fall due and how much of a year each period is."""

from dataclasses import dataclass
from datetime import date

from .conventions import Accrual, Broken, Conventions, DayCount, Level, Shift, Unit
from .dates import IsWorkingDay, month_of_first, regular, shifted
from .daycount import Share, days, odd_share, period_share, year_of
from .errors import TermsError
from .terms import Terms


@dataclass(slots=True)
class Periods:
    """Period k runs from `starts[k]` to `ends[k]`; its instalment falls due on `dues[k]`.

    weights[k] / base is its share of a year. level_weight / base is what a period counts in the level
    instalment, where that does not follow the weights. stub: odd days that are charged apart, as a share.
    """

    dues: list[date]
    ends: list[date]
    weights: list[int]
    base: int
    level_weight: int = 0
    stub: Share | None = None

    def rescale(self, factor: int) -> None:
        """Count in smaller units: `base` times the factor."""
        self.weights = [weight * factor for weight in self.weights]
        self.base *= factor


def periods_of(terms: Terms, is_working_day: IsWorkingDay | None = None) -> Periods:
    """The time axis of these terms. Raises TermsError if they need a calendar and none is given."""
    conventions = terms.conventions
    ends = dues = _regular_ends(terms)
    if conventions.shift is not Shift.NONE:
        if is_working_day is None:
            raise TermsError("shift", f"{conventions.shift} needs a calendar of working days")
        dues = [shifted(due, conventions.shift, is_working_day) for due in ends]
        if conventions.shift_interest:
            ends = dues
    periods = Periods(dues, ends, *_weights(terms, ends))
    if terms.first_due is not None or terms.due_day is not None:
        _set_first_period(periods, terms)
    if terms.interest_free:
        periods.weights[: terms.interest_free] = [0] * terms.interest_free
    if conventions.level is not Level.EXACT or terms.amortised_over:
        share, of = _level_share(conventions)
        if periods.base % of:
            periods.rescale(of)
        periods.level_weight = share * (periods.base // of)
    return periods


def _regular_ends(terms: Terms) -> list[date]:
    frequency, month_end = terms.conventions.frequency, terms.conventions.month_end
    if terms.due_dates:
        return list(terms.due_dates)
    if terms.first_due is not None:
        later = regular(terms.first_due, frequency, range(1, terms.instalments), month_end, terms.due_day or 0)
        return [terms.first_due, *later]
    if terms.due_day is not None:
        shortest = terms.conventions.shortest_first_period
        anchor = month_of_first(terms.disbursed_on, terms.due_day, shortest, month_end)
        return regular(anchor, frequency, range(terms.instalments), month_end, terms.due_day)
    return regular(terms.disbursed_on, frequency, range(1, terms.instalments + 1), month_end)


def _weights(terms: Terms, ends: list[date]) -> tuple[list[int], int]:
    count, frequency = terms.conventions.day_count, terms.conventions.frequency
    by_year = count in (DayCount.ACTUAL_ACTUAL, DayCount.ACTUAL_ACTUAL_LAST)
    if terms.conventions.accrual is Accrual.PER_PERIOD and (frequency.unit is Unit.MONTHS or not by_year):
        share, of = period_share(count, frequency)
        return [share] * len(ends), of
    if by_year or count is DayCount.THIRTY_360:
        starts = [terms.disbursed_on, *ends]
        return [days(count, start, end) for start, end in zip(starts, ends, strict=False)], year_of(count)
    ordinals = [day.toordinal() for day in ends]
    starts_at = [terms.disbursed_on.toordinal(), *ordinals]
    return [end - start for start, end in zip(starts_at, ordinals, strict=False)], year_of(count)


def _set_first_period(periods: Periods, terms: Terms) -> None:
    """Count the first period as whole regular periods from the disbursement and the odd days after them."""
    count, frequency = terms.conventions.day_count, terms.conventions.frequency
    first = periods.ends[0]
    whole, reached = 0, terms.disbursed_on
    while True:
        (closes,) = regular(terms.disbursed_on, frequency, range(whole + 1, whole + 2), terms.conventions.month_end)
        if closes > first:
            break
        whole, reached = whole + 1, closes
    if terms.conventions.accrual is Accrual.DAILY:
        part: Share = (days(count, terms.disbursed_on, reached), year_of(count))
    else:
        share, of = period_share(count, frequency)
        part = (share * whole, of)
    odd = odd_share(count, frequency, reached, first)
    if whole and odd[0] and terms.conventions.broken is not Broken.IN_PERIOD:
        periods.stub, odd = odd, (0, 1)
    periods.rescale(part[1] * odd[1])
    periods.weights[0] = (part[0] * odd[1] + odd[0] * part[1]) * (periods.base // (part[1] * odd[1]))


def _level_share(conventions: Conventions) -> Share:
    if conventions.level is Level.THIRTY_DAYS:
        year = year_of(conventions.day_count)
        return conventions.frequency.days, 365 if year > 366 else year
    return period_share(conventions.day_count, conventions.frequency)
