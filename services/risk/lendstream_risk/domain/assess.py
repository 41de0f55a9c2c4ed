"""The decision itself: a pure function of the question, the customer's position and the policy."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from uuid import UUID, uuid5

from lendstream.catalogue import CustomerHistory, Product
from lendstream.catalogue import Segment as Grade
from lendstream.events.application import ApplicationReady
from lendstream.events.decision import ApplicationDecided, CustomerPosition, Outcome, Segment, Terms
from lendstream_risk.domain.affordability import instalment, limit, monthly_room, within_income, within_limit
from lendstream_risk.domain.eligibility import failures
from lendstream_risk.domain.policy import Policy
from lendstream_risk.domain.reasons import Code
from lendstream_risk.domain.rulebook import Rulebook
from lendstream_risk.domain.scorecard import segment_of

_NAMESPACE = UUID("0f0b6d5a-58ab-5b60-9d0f-5f3a1f1b7c55")


def decision_id(application_id: UUID) -> UUID:
    """The id of an application's decision: however often it is made, it is one decision."""
    return uuid5(_NAMESPACE, application_id.hex)


@dataclass(frozen=True, slots=True)
class Assessment:
    """A decision, and what its loan would cost a month."""

    decided: ApplicationDecided
    instalment: int
    """The largest instalment of the terms, minor units; 0 if declined."""


def assess(asked: ApplicationReady, position: CustomerPosition, policy: Policy, rulebook: Rulebook) -> Assessment:
    """Approve what was asked for, or the largest amount that fits; or decline.

    The same arguments always give the same decision, to the byte.
    """
    history, grade, segment = segment_of(policy.scorecard, asked.applicant, position)
    product = rulebook.product(policy, asked.product)
    codes = set(failures(policy.eligibility, product, asked, position))
    terms, due = None, 0
    if product and not codes:
        terms, due, codes = _offer(asked, position, policy, product, product.rate(history, grade), segment)
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
    return Assessment(decided, due)


def _offer(
    asked: ApplicationReady,
    position: CustomerPosition,
    policy: Policy,
    product: Product,
    annual_rate: Decimal,
    segment: Segment,
) -> tuple[Terms | None, int, set[Code]]:
    """The terms, their instalment, and what reduced the amount; or no terms, and what leaves too little to offer."""

    @cache
    def due(amount: int) -> int:
        return instalment(product, amount, asked.instalments, annual_rate, asked.business_date)

    rules = policy.segments[segment]
    most = limit(rules, policy.products[product.code], asked.applicant.finances.monthly_income)
    by_income = within_income(product, asked.amount, due, monthly_room(rules, asked, position))
    by_limit = within_limit(product, asked.amount, most - position.exposure)
    amount = min(by_income, by_limit)
    least = max(int(policy.counter_offer_min_share * asked.amount), product.amount.min)
    if amount < least:
        refusals = ((Code.AFFORDABILITY, by_income), (Code.EXPOSURE_LIMIT, by_limit))
        return None, 0, {code for code, fits in refusals if fits < least}
    terms = Terms(
        product=product.code,
        product_version=product.version,
        amount=amount,
        currency=product.currency,
        instalments=asked.instalments,
        annual_rate=annual_rate,
        limit=most,
    )
    reductions = ((Code.REDUCED_TO_INCOME, by_income), (Code.REDUCED_TO_LIMIT, by_limit))
    return terms, due(amount), {code for code, fits in reductions if fits < asked.amount}


def _merits(history: CustomerHistory, grade: Grade) -> set[Code]:
    """What speaks for an approved customer, and what decides the price."""
    codes = {Code.FITS_INCOME, Code.GOOD_RECORD if grade is Grade.PRIME else Code.SHORT_RECORD}
    if history is CustomerHistory.REPEAT:
        codes.add(Code.REPAID_BEFORE)
    return codes
