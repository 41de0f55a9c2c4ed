"""How much fits: into the customer's income, and under the customer's limit. All amounts in minor units."""

from bisect import bisect_right
from collections.abc import Callable
from decimal import Decimal

from lendstream.amortization import TermsError
from lendstream.catalogue import Product
from lendstream.events.application import ApplicationReady
from lendstream.events.decision import CustomerPosition
from lendstream_risk.domain.burden import burden_of
from lendstream_risk.domain.chosen import schedule_at
from lendstream_risk.domain.policy import ProductRules, SegmentRules

TOO_MUCH = 10**15
"""More than anyone can pay."""


def instalment(
    product: Product, rules: ProductRules, asked: ApplicationReady, amount: int, annual_rate: Decimal
) -> int:
    """What such a loan takes of a month's income, fees included, by the policy's rule for the product."""
    try:
        return burden_of(schedule_at(product, asked, amount, annual_rate), rules.burden)
    except TermsError:
        # An amount too small to be divided as the options want it cannot be offered either.
        return TOO_MUCH


def monthly_room(rules: SegmentRules, asked: ApplicationReady, position: CustomerPosition) -> int:
    """What the customer can still pay a month: the policy's share of income, less all that is paid already."""
    finances = asked.applicant.finances
    whole = int(rules.instalments_to_income * finances.monthly_income)
    return whole - finances.monthly_debt - position.instalments_due


def limit(rules: SegmentRules, product: ProductRules, monthly_income: int) -> int:
    """The most the customer may owe us: the least of the segment's, the product's and the income's limit."""
    return min(rules.limit, product.limit, int(rules.income_multiple * monthly_income))


def within_income(product: Product, asked: int, due: Callable[[int], int], room: int) -> int:
    """The largest amount, up to the one asked for, whose instalment fits into the room; 0 if none on offer does.

    `due` gives the instalment of an amount; it rises with the amount.
    """
    if due(asked) <= room:
        return asked
    step = product.amount.step
    smallest = -(-product.amount.min // step) * step
    offers = range(smallest, asked, step)
    fitting = bisect_right(offers, room, key=due)
    return offers[fitting - 1] if fitting else 0


def within_limit(product: Product, asked: int, room: int) -> int:
    """The largest amount, up to the one asked for, that stays under the limit; 0 if none on offer does."""
    return asked if asked <= room else product.amount.offerable(room) or 0
