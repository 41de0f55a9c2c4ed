"""The time axis of a loan: when instalments fall due and how much of a year each period is."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise
from operator import sub

from .conventions import Accrual, Broken, Conventions, Share
from .dates import IsWorkingDay, month_of_first, regular, shifted
from .daycount import days, odd_share, year_of
from .errors import TermsError
from .options import Options
from .terms import Terms


@dataclass(frozen=True, slots=True)
class Periods:
    """Period k ends on `ends[k]`, where the next one begins; its instalment falls due on `dues[k]`.

    weights[k] / base is its share of a year. level_weight / base is what a period counts in the level
    instalment, where that does not follow the weights. stub: odd days that are charged apart, as a share.
    """

    dues: tuple[date, ...]
    ends: tuple[date, ...]
    weights: tuple[int, ...]
    base: int
    level_weight: int = 0
    stub: Share | None = None


def periods_of(terms: Terms, is_working_day: IsWorkingDay | None = None) -> Periods:
    """The time axis of these terms. Raises TermsError if they need a calendar and none is given."""
    conventions, options = terms.conventions, terms.options
    if options.ordinary_times and not conventions.shifts:
        return _ordinary(conventions, terms.disbursed_on, terms.instalments)
    ends = dues = _ends(terms, options)
    if conventions.shifts:
        if is_working_day is None:
            raise TermsError("shift", f"{conventions.shift} needs a calendar of working days")
        dues = [shifted(due, conventions.shift, is_working_day, terms.disbursed_on) for due in ends]
        if conventions.shift_interest:
            ends = dues
    weights, base, stub = *_weights(conventions, terms.disbursed_on, ends), None
    if options.first_due is not None or options.due_day is not None:
        weights, base, stub = _with_first_period(conventions, terms.disbursed_on, ends[0], weights, base)
    if options.interest_free:
        weights[: options.interest_free] = [0] * options.interest_free
    level_share = conventions.level_share or (conventions.period_share if options.amortised_over else None)
    weights, base, level_weight = _level(level_share, weights, base)
    return Periods(tuple(dues), tuple(ends), tuple(weights), base, level_weight, stub)


@lru_cache(maxsize=4096)
def _ordinary(conventions: Conventions, disbursed_on: date, instalments: int) -> Periods:
    """Kept, because all the loans opened on a day under the same conventions share one time axis."""
    ends = regular(disbursed_on, conventions.frequency, range(1, instalments + 1), conventions.month_end)
    weights, base = _weights(conventions, disbursed_on, ends)
    weights, base, level_weight = _level(conventions.level_share, weights, base)
    return Periods(tuple(ends), tuple(ends), tuple(weights), base, level_weight)


def forget() -> None:
    """Drop the time axes kept: for measuring without them."""
    _ordinary.cache_clear()


def _level(share: Share | None, weights: list[int], base: int) -> tuple[list[int], int, int]:
    """The weights in a unit in which the level instalment's period is a whole number, and that number."""
    if share is None:
        return weights, base, 0
    if base % share[1]:
        weights, base = [weight * share[1] for weight in weights], base * share[1]
    return weights, base, share[0] * (base // share[1])


def _ends(terms: Terms, options: Options) -> list[date]:
    frequency, month_end, count = terms.conventions.frequency, terms.conventions.month_end, terms.instalments
    if options.due_dates:
        return list(options.due_dates)
    if options.first_due is not None:
        later = regular(options.first_due, frequency, range(1, count), month_end, options.due_day or 0)
        return [options.first_due, *later]
    if options.due_day is not None:
        shortest = terms.conventions.shortest_first_period
        anchor = month_of_first(terms.disbursed_on, options.due_day, shortest, month_end)
        return regular(anchor, frequency, range(count), month_end, options.due_day)
    return regular(terms.disbursed_on, frequency, range(1, count + 1), month_end)


def _weights(conventions: Conventions, disbursed_on: date, ends: list[date]) -> tuple[list[int], int]:
    if conventions.whole_periods:
        share, of = conventions.period_share
        return [share] * len(ends), of
    count = conventions.day_count
    if conventions.counts_days:
        ordinals = [day.toordinal() for day in (disbursed_on, *ends)]
        return list(map(sub, ordinals[1:], ordinals)), year_of(count)
    return [days(count, start, end) for start, end in pairwise((disbursed_on, *ends))], year_of(count)


def _with_first_period(
    conventions: Conventions, disbursed_on: date, first: date, weights: list[int], base: int
) -> tuple[list[int], int, Share | None]:
    """Count the first period as whole regular periods from the disbursement and the odd days after them.

    Returns the weights, their base, and the odd days if they are charged apart.
    """
    whole, reached = 0, disbursed_on
    while True:
        numbers = range(whole + 1, whole + 2)
        (closes,) = regular(disbursed_on, conventions.frequency, numbers, conventions.month_end)
        if closes > first:
            break
        whole, reached = whole + 1, closes
    if conventions.accrual is Accrual.DAILY:
        part: Share = (days(conventions.day_count, disbursed_on, reached), year_of(conventions.day_count))
    else:
        part = (conventions.period_share[0] * whole, conventions.period_share[1])
    odd, stub = odd_share(conventions, reached, first), None
    if whole and odd[0] and conventions.broken is not Broken.IN_PERIOD:
        odd, stub = (0, 1), odd
    scale = part[1] * odd[1]
    weights = [weight * scale for weight in weights]
    weights[0] = (part[0] * odd[1] + odd[0] * part[1]) * base
    return weights, base * scale, stub
