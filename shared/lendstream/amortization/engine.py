"""Terms in, schedule out."""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import accumulate, count, repeat
from operator import sub

from .changes import split_with_changes
from .charges import with_fees, with_subsidies
from .conventions import Broken, Share
from .dates import IsWorkingDay
from .methods import split
from .periods import periods_of
from .schedule import Instalment, Schedule
from .spans import span_from
from .terms import Method, Terms

ENGINE = "1"
"""Changes when the same terms would give another schedule; stored with every schedule."""


def generate(terms: Terms, is_working_day: IsWorkingDay | None = None) -> Schedule:
    """The schedule of these terms: the same terms and calendar always give the same schedule.

    is_working_day: the calendar, needed where the conventions shift due dates. Raises TermsError.
    """
    periods, options = periods_of(terms, is_working_day), terms.options
    down = _down_payment(terms) if options.down_payment else 0
    balance = terms.principal - down
    if options.tranches or options.rate_changes:
        (principals, interests), drawn = split_with_changes(terms, periods)
        balance -= sum(drawn)
        reductions = list(map(sub, principals, drawn))
    else:
        rate, of = terms.annual_rate.as_integer_ratio()
        principals, interests = split(span_from(terms, periods, 0, balance, rate, of), options.principal_grace)
        reductions = principals
    upfront = _charge_stub(terms, periods.stub, balance, interests) if periods.stub else 0
    if options.interest_grace:
        _defer(interests, options.interest_grace)
    dues = periods.dues[-1:] if terms.method is _SINGLE_PAYMENT else periods.dues
    owed = accumulate(reductions, sub, initial=balance)
    next(owed)
    rows = list(map(_row, zip(count(1), dues, principals, interests, _NO_FEE, owed, _NO_SUBSIDY, strict=False)))
    subsidies = _NONE
    if options.subsidies:
        rows, subsidies = with_subsidies(terms, rows)
    if options.fees:
        rows = with_fees(terms, rows, balance)
    if down or upfront:
        rows.insert(0, Instalment(0, terms.disbursed_on, down, upfront, 0, balance))
    return Schedule(terms, tuple(rows), ENGINE, subsidies)


_NONE: Mapping[str, tuple[int, ...]] = {}
_NO_FEE = _NO_SUBSIDY = repeat(0)
_SINGLE_PAYMENT = Method.SINGLE_PAYMENT
# Called for every row: half the time of Instalment(...).
_row: Callable[[tuple[object, ...]], Instalment] = partial(tuple.__new__, Instalment)


def _down_payment(terms: Terms) -> int:
    rate, of = terms.options.down_payment.as_integer_ratio()
    return terms.conventions.level_divide(terms.principal * rate, of)


def _charge_stub(terms: Terms, stub: Share, balance: int, interests: list[int]) -> int:
    """Charge the interest of the odd days of the first period; returns what is due at the disbursement."""
    rate, of = terms.annual_rate.as_integer_ratio()
    divide = terms.conventions.divide
    interest = divide(balance * rate * stub[0], of * stub[1])
    if terms.conventions.broken is Broken.UPFRONT:
        return interest
    parts = len(interests) if terms.conventions.broken is Broken.SPREAD else 1
    upto = [divide(interest * number, parts) for number in range(parts + 1)]
    for number in range(parts):
        interests[number] += upto[number + 1] - upto[number]
    return 0


def _defer(interests: list[int], grace: int) -> None:
    """Move the interest of the first instalments to the one after them."""
    grace = min(grace, len(interests) - 1)
    interests[grace] += sum(interests[:grace])
    interests[:grace] = [0] * grace
