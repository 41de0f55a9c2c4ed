"""The decision itself: a pure function of the question, the customer's position and the policy."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from lendstream.catalogue import CustomerHistory, Product
from lendstream.catalogue import Segment as Grade
from lendstream.events.application import ApplicationReady
from lendstream.events.decision import ApplicationDecided, CustomerPosition, Outcome, Segment, Terms
from lendstream_risk.domain.affordability import instalment, limit, monthly_room, within_income, within_limit
from lendstream_risk.domain.chosen import options_at
from lendstream_risk.domain.eligibility import failures
from lendstream_risk.domain.ids import decision_id
from lendstream_risk.domain.policy import Policy
from lendstream_risk.domain.reasons import Code
from lendstream_risk.domain.rulebook import Rulebook
from lendstream_risk.domain.scorecard import segment_of


@dataclass(frozen=True, slots=True)
class Assessment:
    """A decision, and what its loan would cost a month."""

    decided: ApplicationDecided
    committed: int
    """Principal that the customer may now come to owe: the terms' amount, of a credit line its limit; 0 if declined."""
    instalment: int
    """What that takes of a month's income, minor units; 0 if declined."""


def assess(asked: ApplicationReady, position: CustomerPosition, policy: Policy, rulebook: Rulebook) -> Assessment:
    """Approve what was asked for, or the largest amount that fits; or decline.

    The same arguments always give the same decision, to the byte.
    """
    history, grade, segment = segment_of(policy.scorecard, asked.applicant, position)
    product = rulebook.product(policy, asked.product)
    codes = set(failures(policy.eligibility_of(asked.product), product, history, asked, position))
    terms, committed, due = None, 0, 0
    if product and not codes:
        terms, committed, due, codes = _offer(asked, position, policy, product, product.rate(history, grade), segment)
        if terms:
            codes |= _merits(history, grade)
    decided = ApplicationDecided(
        application_id=asked.application_id,
        customer_id=asked.customer_id,
        decision_id=decision_id(asked.application_id),
        outcome=Outcome.APPROVED if terms else Outcome.DECLINED,
        reasons=rulebook.reasons.weightiest(codes),
        terms=terms,
        segment=segment,
        policy_version=policy.version,
        asked=asked,
        position=position,
        as_of=asked.business_date,
        submitted_at=asked.submitted_at,
    )
    return Assessment(decided, committed, due)


def _offer(
    asked: ApplicationReady,
    position: CustomerPosition,
    policy: Policy,
    product: Product,
    annual_rate: Decimal,
    segment: Segment,
) -> tuple[Terms | None, int, int, set[Code]]:
    """The terms, what they commit and take a month, and what reduced the amount.

    Or no terms, and what leaves too little to offer.
    """

    @cache
    def due(amount: int) -> int:
        return instalment(product, own, asked, amount, annual_rate)

    rules, own = policy.segments[segment], policy.products[product.code]
    most = limit(rules, own, asked.applicant.finances.monthly_income)
    income_room, limit_room = monthly_room(rules, asked, position), most - position.exposure
    by_income = within_income(product, asked.amount, due, income_room)
    by_limit = within_limit(product, asked.amount, limit_room)
    amount = min(by_income, by_limit)
    least = max(int(policy.counter_offer_min_share * asked.amount), product.amount.min)
    if amount < least:
        refusals = ((Code.AFFORDABILITY, by_income), (Code.EXPOSURE_LIMIT, by_limit))
        return None, 0, 0, {code for code, fits in refusals if fits < least}
    committed = amount
    if product.revolving:
        # The line is as large as what its customer could owe and repay at once.
        largest = product.amount.max
        committed = min(within_income(product, largest, due, income_room), within_limit(product, largest, limit_room))
        committed = max(committed, amount)
    terms = Terms(
        product=product.code,
        product_version=product.version,
        amount=amount,
        currency=product.currency,
        instalments=asked.instalments,
        annual_rate=annual_rate,
        limit=committed if product.revolving else most,
        options=options_at(asked, amount),
    )
    reductions = ((Code.REDUCED_TO_INCOME, by_income), (Code.REDUCED_TO_LIMIT, by_limit))
    return terms, committed, due(committed), {code for code, fits in reductions if fits < asked.amount}


def _merits(history: CustomerHistory, grade: Grade) -> set[Code]:
    """What speaks for an approved customer, and what decides the price."""
    codes = {Code.FITS_INCOME, Code.GOOD_RECORD if grade is Grade.PRIME else Code.SHORT_RECORD}
    if history is CustomerHistory.REPEAT:
        codes.add(Code.REPAID_BEFORE)
    return codes
