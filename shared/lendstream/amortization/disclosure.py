"""The whole cost of a loan, as the customer must see it before accepting."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from functools import lru_cache, partial
from operator import add
from typing import NamedTuple

from .apr import BITS, ONE, Flow, actuarial_rate, discount_factor
from .charges import instalment_fees, opening_fee
from .conventions import Share
from .errors import TermsError
from .parts import When
from .schedule import Instalment, Schedule
from .terms import Method
from .timing import is_regular, unit_periods

_SCALE = 10**6
_PLACE = Decimal("0.000001")
NO_OTHER_CHARGES = {
    "zh": "除以上列明的费用外，不收取任何其他费用。",
    "en": "There are no charges other than those listed above.",
}
_DECIMALS = Context(prec=40)
_SINGLE_PAYMENT = Method.SINGLE_PAYMENT


@dataclass(frozen=True, slots=True)
class FeeCost:
    """What one fee costs over the whole life, minor units, and who takes it."""

    code: str
    payee: str
    when: When
    amount: int


@dataclass(frozen=True, slots=True)
class ContingentCost:
    """What is only charged if the customer pays late or early: once (minor units, and a share), or a year.

    basis: what `rate` and `annual_rate` are shares of, in words.
    """

    code: str
    amount: int = 0
    annual_rate: Decimal = Decimal(0)
    rate: Decimal = Decimal(0)
    basis: str = ""


class CostDisclosure(NamedTuple):
    """Amounts in minor units, rates as fractions of one a year with six decimals.

    total_fees: the upfront fee and every instalment's fees. total_to_repay: principal + interest + all fees.
    net_payout: what the customer holds after the upfront fee. total_subsidy: interest that others bear.
    apr: the all-in nominal rate, periods a year times the internal rate of return (内部收益率) per period of net
    payout against instalments. effective_rate: the same compounded, (1 + rate per period)^(periods a year) - 1.
    simple_rate: all cost over the time-weighted principal owed, without compounding (单利).
    """

    principal: int
    upfront_fee: int
    net_payout: int
    total_interest: int
    total_subsidy: int
    total_fees: int
    total_to_repay: int
    apr: Decimal
    effective_rate: Decimal
    simple_rate: Decimal
    fees: tuple[FeeCost, ...]
    contingent: tuple[ContingentCost, ...]
    instalments: tuple[Instalment, ...]


def disclose(
    schedule: Schedule, upfront_fee: int | None = None, contingent: Sequence[ContingentCost] = ()
) -> CostDisclosure:
    """The cost of this schedule.

    upfront_fee: taken at the opening, minor units; None: the opening fees of the terms, which a given one
    replaces. contingent: what paying late or early would cost. Raises TermsError if the fee leaves nothing of the loan.
    """
    terms, rows = schedule.terms, schedule.instalments
    fees = fee_costs(schedule) if terms.options.fees else ()
    opening = sum(fee.amount for fee in fees if fee.when is When.OPENING)
    if upfront_fee is not None and upfront_fee != opening:
        opening = upfront_fee
        fees = (
            FeeCost("upfront_fee", "lender", When.OPENING, opening),
            *(fee for fee in fees if fee.when is When.INSTALMENT),
        )
    if not 0 <= opening < terms.principal:
        raise TermsError("upfront_fee", f"must be between 0 and less than the principal, not {opening}")
    _, _, principals, interests, charged, balances, _ = zip(*rows, strict=True)
    paid = list(map(add, principals, interests))
    if terms.options.fees:
        paid = list(map(add, paid, charged))
    interest, cost = sum(interests), sum(paid) - terms.principal + opening
    if is_regular(schedule):
        apr, effective, simple = _regular_rates(schedule, opening, paid, balances, cost)
    else:
        apr, effective, simple = _irregular_rates(schedule, opening, paid, cost)
    return _disclosure(
        (
            terms.principal,
            opening,
            terms.principal - opening,  # net payout
            interest,
            schedule.total_subsidy if terms.options.subsidies else 0,
            cost - interest,  # all fees
            terms.principal + cost,  # to repay
            apr,
            effective,
            simple,
            fees,
            tuple(contingent),
            rows,
        )
    )


# In the order of the fields: half the time of CostDisclosure(...) by name.
_disclosure: Callable[[tuple[object, ...]], CostDisclosure] = partial(tuple.__new__, CostDisclosure)


def fee_costs(schedule: Schedule) -> tuple[FeeCost, ...]:
    """Every fee of the terms with what it comes to over the whole life."""
    terms, opening_balance = schedule.terms, schedule.opening_balance
    rows = [row for row in schedule.instalments if row.number]
    return tuple(
        FeeCost(
            fee.code,
            fee.payee,
            fee.when,
            opening_fee(terms, fee) + sum(instalment_fees(terms, fee, rows, opening_balance)),
        )
        for fee in terms.options.fees
    )


Rates = tuple[Decimal, Decimal, Decimal]
"""Nominal, effective and simple rate a year."""


def _regular_rates(schedule: Schedule, opening: int, paid: list[int], balances: Sequence[int], cost: int) -> Rates:
    """Instalment k is k periods after the disbursement: all in integers.

    opening: fees kept from the payout. balances: the principal owed after each payment.
    """
    terms = schedule.terms
    received, owed = terms.principal - opening, sum(balances)
    if not schedule.instalments[0].number:
        # What is due at the disbursement never was lent.
        received, owed, paid = received - paid[0], owed - balances[0], paid[1:]
    if terms.method is _SINGLE_PAYMENT:
        paid, owed = [0] * (terms.instalments - 1) + paid, owed + (terms.instalments - 1) * schedule.opening_balance
    owed += schedule.opening_balance
    times, of = terms.conventions.a_year
    factor = discount_factor(received, paid, float(terms.annual_rate) * of / times)
    growth = (ONE << BITS) // factor
    apr = _rate((growth - ONE) * times, ONE * of)
    if of == 1:
        effective = _rate((growth**times >> BITS * (times - 1)) - ONE, ONE)
    else:
        effective = _compounded(_DECIMALS.divide(Decimal(growth), Decimal(ONE)), terms.conventions.a_year)
    return apr, effective, _rate(cost * times, owed * of)


def _irregular_rates(schedule: Schedule, opening: int, paid: list[int], cost: int) -> Rates:
    """Flows by their dates: whole periods counted back, odd days as a fraction."""
    terms = schedule.terms
    frequency = terms.conventions.frequency
    drawn = [(tranche.on, tranche.amount) for tranche in terms.options.tranches]
    first = terms.principal - sum(amount for _, amount in drawn)
    flows = [Flow(opening - first, 0)]
    owed = Fraction(0)
    for on, amount in drawn:
        whole, odd = unit_periods(terms.disbursed_on, on, frequency)
        flows.append(Flow(-amount, whole, odd))
        owed -= amount * (whole + odd)
    for row, amount in zip(schedule.instalments, paid, strict=True):
        whole, odd = unit_periods(terms.disbursed_on, row.due_date, frequency)
        flows.append(Flow(amount, whole, odd))
        owed += row.principal * (whole + odd)
    rate = actuarial_rate(flows)
    times, of = terms.conventions.a_year
    numerator, denominator = rate.as_integer_ratio()
    apr = _rate(numerator * times, denominator * of)
    simple = _rate(cost * times * owed.denominator, owed.numerator * of)
    return apr, _compounded(1 + rate, terms.conventions.a_year), simple


def _compounded(growth: Decimal, a_year: Share) -> Decimal:
    with localcontext(_DECIMALS):
        effective = growth ** (Decimal(a_year[0]) / a_year[1]) - 1
    return _rate(*effective.as_integer_ratio())


def _rate(numerator: int, denominator: int) -> Decimal:
    return _millionths((numerator * _SCALE + (denominator >> 1)) // denominator)


@lru_cache(maxsize=1 << 14)
def _millionths(number: int) -> Decimal:
    """Kept, because the rates of a lender's loans are near each other."""
    return number * _PLACE
