"""How each method splits a balance into instalments: pure integer arithmetic."""

from collections.abc import Callable, Sequence
from functools import lru_cache

from .errors import TermsError
from .rounding import Divide, offset
from .spans import Span
from .terms import Method

Split = tuple[list[int], list[int]]
"""Principal and interest of each instalment, minor units."""


def annuity(principal: int, factors: Sequence[int], unit: int, divide: Divide, rest: int = 0) -> int:
    """The level instalment that leaves `rest` of the balance with the last period.

    A = (P * prod(1 + f_k) - R) / F_n with F_1 = 1 and F_k = F_(k-1) * (1 + f_k) + 1, where f_k is the rate of
    period k; with one rate f and no rest, the textbook's P * f / (1 - (1 + f)^-n). Exact until the one rounding.
    """
    first, count = factors[0], len(factors)
    if factors.count(first) == count:
        if not first:
            return divide(principal - rest, count)
        whole, growth = _compound(first, unit, count)
        return divide((principal * growth - rest * whole) * first, unit * (growth - whole))
    growth, worth, whole = unit + first, 1, 1
    for factor in factors[1:]:
        whole *= unit
        worth = worth * (unit + factor) + whole
        growth *= unit + factor
    return divide(principal * growth - rest * whole * unit, unit * worth)


@lru_cache(maxsize=1024)
def _compound(factor: int, unit: int, count: int) -> tuple[int, int]:
    """One, and what it grows to in so many equal periods, in units^-count: an annuity table, as loans share rates."""
    return unit**count, (unit + factor) ** count


def pay(span: Span, payment: int) -> Split:
    """The same payment every period, interest first; the last takes what is left."""
    conventions, unit, balance = span.terms.conventions, span.unit, span.balance
    half, ties = offset(conventions.rounding, unit)
    principals: list[int] = []
    interests: list[int] = []
    interest = span.interest(conventions.divide)
    for following in (*span.factors[1:], 0):
        part = payment - interest
        if part > balance:
            part = balance
        elif part < 0:
            part = 0
        principals.append(part)
        interests.append(interest)
        balance -= part
        exact = balance * following + half
        interest = exact // unit
        if ties and interest & 1 and interest * unit == exact:
            interest -= 1
    principals[-1] += balance
    return principals, interests


def equal_instalment(span: Span) -> Split:
    """等额本息."""
    payment = annuity(span.balance, span.level, span.unit, span.terms.conventions.level_divide)
    split = pay(span, payment)
    if span.terms.conventions.smooth:
        split = _smoothed(span, payment, split)
    return _all_used(span, split)


def _smoothed(span: Span, payment: int, split: Split) -> Split:
    """Bring the last instalment nearer to the others: their difference divided over all, while that helps.

    The rule of Apache Fineract's progressive schedules: at most three times, and not for half a unit each.
    """
    count = len(split[0])
    divide = span.terms.conventions.divide
    for _ in range(3):
        gap = split[0][-1] + split[1][-1] - payment
        if abs(gap) <= count // 2:
            break
        step = divide(abs(gap), count)
        nearer = payment + (step if gap > 0 else -step)
        attempt = pay(span, nearer)
        if abs(attempt[0][-1] + attempt[1][-1] - nearer) >= abs(gap):
            break
        payment, split = nearer, attempt
    return split


def equal_principal(span: Span) -> Split:
    """等额本金."""
    divide, unit, balance = span.terms.conventions.divide, span.unit, span.balance
    part = divide(balance, len(span.factors))
    principals: list[int] = []
    interests: list[int] = []
    interest = span.interest(divide)
    for following in (*span.factors[1:], 0):
        paid = part if part < balance else balance
        principals.append(paid)
        interests.append(interest)
        balance -= paid
        interest = divide(balance * following, unit)
    principals[-1] += balance
    return _all_used(span, (principals, interests))


def interest_then_bullet(span: Span) -> Split:
    """先息后本."""
    interests = _interest_only(span, len(span.factors))
    return [0] * (len(interests) - 1) + [span.balance], interests


def flat(span: Span) -> Split:
    """等本等息: interest on the whole balance in every period."""
    terms, count = span.terms, len(span.factors)
    interests = _interest_only(span, count)
    part = terms.conventions.divide(span.balance, count)
    principals = [part] * count
    if terms.conventions.multiple > 1:
        to_multiple = terms.conventions.level_divide
        principals = [max(to_multiple(part + interest, 1) - interest, 0) for interest in interests]
    balance = span.balance
    for number, principal in enumerate(principals):
        principals[number] = min(principal, balance)
        balance -= principals[number]
    principals[-1] += balance
    if terms.conventions.exact_flat:
        total = terms.conventions.divide(span.balance * sum(span.factors), span.unit)
        interests[-1] = max(total - sum(interests[:-1]), 0)
    return _all_used(span, (principals, interests))


def single_payment(span: Span) -> Split:
    """一次性还本付息: simple interest, rounded once."""
    if span.first_interest is not None:
        return [span.balance], [span.first_interest]
    divide = span.terms.conventions.divide
    return [span.balance], [divide(span.balance * sum(span.factors), span.unit)]


def balloon(span: Span) -> Split:
    """气球贷."""
    rest = span.terms.options.balloon
    return pay(span, annuity(span.balance, span.level, span.unit, span.terms.conventions.level_divide, rest))


def steps(span: Span) -> Split:
    """Principal in proportion to the weights; rounded cumulatively, so that no step takes a remainder."""
    terms, divide, unit = span.terms, span.terms.conventions.divide, span.unit
    principals: list[int] = []
    interests: list[int] = []
    total, reached, repaid = sum(terms.options.steps), 0, 0
    interest = span.interest(divide)
    for weight, following in zip(terms.options.steps, (*span.factors[1:], 0), strict=True):
        reached += weight
        upto = divide(span.balance * reached, total)
        principals.append(upto - repaid)
        interests.append(interest)
        repaid = upto
        interest = divide((span.balance - repaid) * following, unit)
    return principals, interests


def fixed_payment(span: Span) -> Split:
    """A given payment until nothing is owed: as many instalments as that takes."""
    return _until_repaid(span, span.terms.options.payment, "payment")


def income_based(span: Span) -> Split:
    """A share of the declared income between floor and cap, until nothing is owed."""
    income = span.terms.options.income
    if income is None:
        raise TermsError("income", "is needed for a payment that follows it")
    share, of = income.share.as_integer_ratio()
    payment = span.terms.conventions.level_divide(income.declared * share, of)
    return _until_repaid(span, max(income.floor, min(income.cap, payment)), "income")


def _until_repaid(span: Span, payment: int, field: str) -> Split:
    principals, interests = pay(span, payment)
    owed = span.balance
    for number, principal in enumerate(principals[:-1], 1):
        if not principal:
            raise TermsError(field, f"{payment} does not cover the interest {interests[number - 1]} of a period")
        owed -= principal
        if not owed:
            return principals[:number], interests[:number]
    return principals, interests


def _interest_only(span: Span, count: int) -> list[int]:
    divide, balance, unit = span.terms.conventions.divide, span.balance, span.unit
    return [span.interest(divide), *(divide(balance * factor, unit) for factor in span.factors[1:count])]


def _all_used(span: Span, split: Split) -> Split:
    if not split[0][-1]:
        raise TermsError("principal", f"{span.balance} is repaid before the last of {len(split[0])} instalments")
    return split


SPLIT: dict[Method, Callable[[Span], Split]] = {
    Method.EQUAL_INSTALMENT: equal_instalment,
    Method.EQUAL_PRINCIPAL: equal_principal,
    Method.INTEREST_THEN_BULLET: interest_then_bullet,
    Method.FLAT: flat,
    Method.SINGLE_PAYMENT: single_payment,
    Method.BALLOON: balloon,
    Method.STEPS: steps,
    Method.FIXED_PAYMENT: fixed_payment,
    Method.INCOME_BASED: income_based,
}


def split(span: Span, grace: int) -> Split:
    """The method's split after `grace` periods of interest alone."""
    method = SPLIT[span.terms.method]
    if not grace:
        return method(span)
    interests = _interest_only(span, grace)
    principals, later = method(span.after(grace))
    return [0] * grace + principals, interests + later
