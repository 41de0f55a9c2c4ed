"""Terms in, schedule out."""

from itertools import accumulate, repeat
from operator import add, sub

from .changes import split_with_changes
from .charges import instalment_fee, subsidised
from .conventions import Broken
from .dates import IsWorkingDay
from .methods import level_divide, split
from .periods import Periods, periods_of
from .rounding import DIVIDE
from .schedule import Instalment, Schedule
from .spans import span_from
from .terms import Method, Terms

ENGINE = "1"
"""Changes when the same terms would give another schedule; stored with every schedule."""


def generate(terms: Terms, is_working_day: IsWorkingDay | None = None) -> Schedule:
    """The schedule of these terms: the same terms and calendar always give the same schedule.

    is_working_day: the calendar, needed where the conventions shift due dates. Raises TermsError.
    """
    periods = periods_of(terms, is_working_day)
    down = _down_payment(terms) if terms.down_payment else 0
    balance = terms.principal - down
    if terms.tranches or terms.rate_changes:
        (principals, interests), drawn = split_with_changes(terms, periods)
        balance -= sum(drawn)
        reductions = [principal - amount for principal, amount in zip(principals, drawn, strict=False)]
    else:
        rate, of = terms.annual_rate.as_integer_ratio()
        principals, interests = split(span_from(terms, periods, 0, balance, rate, of), terms.principal_grace)
        reductions = principals
    upfront = _charge_stub(terms, periods, interests) if periods.stub else 0
    if terms.interest_grace:
        _defer(interests, terms.interest_grace)
    dues = periods.dues[-1:] if terms.method is Method.SINGLE_PAYMENT else periods.dues
    owed = list(accumulate(reductions, sub, initial=balance))
    interests, subsidies = _subsidise(terms, interests)
    fees = _fees(terms, principals, interests, owed) if terms.fees else repeat(0)
    borne = map(sum, zip(*subsidies.values(), strict=True)) if subsidies else repeat(0)
    rows = map(Instalment, range(1, len(dues) + 1), dues, principals, interests, fees, owed[1:], borne)
    opening = (Instalment(0, terms.disbursed_on, down, upfront, 0, balance),) if down or upfront else ()
    return Schedule(terms, (*opening, *rows), ENGINE, subsidies)


def _down_payment(terms: Terms) -> int:
    rate, of = terms.down_payment.as_integer_ratio()
    return level_divide(terms)(terms.principal * rate, of)


def _charge_stub(terms: Terms, periods: Periods, interests: list[int]) -> int:
    """Charge the interest of the odd days of the first period; the part that is due at the disbursement."""
    if periods.stub is None:
        return 0
    rate, of = terms.annual_rate.as_integer_ratio()
    divide = DIVIDE[terms.conventions.rounding]
    days, year = periods.stub
    interest = divide((terms.principal - _down_payment(terms)) * rate * days, of * year)
    if terms.conventions.broken is Broken.UPFRONT:
        return interest
    count = len(interests) if terms.conventions.broken is Broken.SPREAD else 1
    upto = [divide(interest * number, count) for number in range(count + 1)]
    for number in range(count):
        interests[number] += upto[number + 1] - upto[number]
    return 0


def _defer(interests: list[int], grace: int) -> None:
    """Move the interest of the first instalments to the one after them."""
    grace = min(grace, len(interests) - 1)
    interests[grace] += sum(interests[:grace])
    interests[:grace] = [0] * grace


def _subsidise(terms: Terms, interests: list[int]) -> tuple[list[int], dict[str, tuple[int, ...]]]:
    """The interest left to the customer, and what each payer bears."""
    borne: dict[str, tuple[int, ...]] = {}
    for subsidy in terms.subsidies:
        parts = subsidised(terms, subsidy, interests)
        interests = list(map(sub, interests, parts))
        borne[subsidy.payer] = tuple(map(add, parts, borne.get(subsidy.payer, repeat(0))))
    return interests, borne


def _fees(terms: Terms, principals: list[int], interests: list[int], owed: list[int]) -> list[int]:
    return [
        sum(instalment_fee(terms, fee, principal + interest, before) for fee in terms.fees)
        for principal, interest, before in zip(principals, interests, owed, strict=False)
    ]
