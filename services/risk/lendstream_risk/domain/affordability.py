"""How much fits: into the customer's income, and under the customer's limit. All amounts in minor units."""

from bisect import bisect_right
from collections.abc import Callable
from datetime import date
from decimal import Decimal

from lendstream.amortization import generate
from lendstream.catalogue import Product
from lendstream.events.application import ApplicationReady
from lendstream.events.decision import CustomerPosition
from lendstream_risk.domain.policy import ProductRules, SegmentRules


def instalment(product: Product, amount: int, instalments: int, annual_rate: Decimal, start: date) -> int:
    """The largest instalment of such a loan, fees included: where instalments fall, it is the first."""
    schedule = generate(product.terms(amount, instalments, annual_rate, start))
    return max(row.total for row in schedule.instalments)


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
