"""What the customer chooses, from the submission to the acceptance."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from lendstream.amortization import disclose
from lendstream.catalogue import Product, Recipient
from lendstream.errors import DataError, Refused
from lendstream.events import application as lending
from lendstream.events.intake import LoanOptions, OfferAccepted, OfferMade, PlannedTranche
from lendstream_application.domain.acceptance import accept
from lendstream_application.domain.decision import decided
from lendstream_application.domain.model import Application
from lendstream_application.domain.submission import submit
from unit.application.samples import DESK, NOW, PARTNER, TODAY, context, decision, submission

ORDER: dict[str, Any] = {"order_reference": "ORDER-1"}
STUDY: dict[str, Any] = {"product": "education-study", "amount": 1_000_000, "instalments": 24}
BAD: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "income of another product": ({"options": {"income": 1}}, {"options.income": "option_not_offered"}),
    "tranches of another product": (
        {"options": {"tranches": [{"on": "2026-05-01", "amount": 1}]}},
        {"options.tranches": "too_many_tranches"},
    ),
    "an unknown coupon": ({"options": {"coupon": "NOWHERE"}}, {"options.coupon": "unknown_coupon"}),
    "no order": ({**STUDY}, {"options.order_reference": "order_missing"}),
    "a tranche before the payout": (
        {**STUDY, "disburse_on": "2026-05-01", "options": ORDER | {"tranches": [{"on": "2026-05-01", "amount": 1}]}},
        {"options.tranches.0.on": "tranche_too_early"},
    ),
    "a tranche after the end": (
        {**STUDY, "options": ORDER | {"tranches": [{"on": "2031-05-01", "amount": 1}]}},
        {"options.tranches": "no_schedule"},
    ),
    "with everything else": (
        {"amount": 1, "instalments": 5, "options": {"income": 1, "coupon": "NOWHERE"}},
        {
            "amount": "amount_too_small",
            "instalments": "tenor_not_offered",
            "options.income": "option_not_offered",
            "options.coupon": "unknown_coupon",
        },
    ),
}


def approved(rate: str = "0.06", **changes: Any) -> tuple[Application, OfferMade]:
    """An application and its offer, approved as it was asked for."""
    partner = changes.pop("partner", PARTNER)
    application = submit(DESK, None, submission(**changes), context(partner=partner))[0]
    asked = application.asked.options
    state, events = decided(
        DESK, application, decision(application, annual_rate=Decimal(rate), options=asked), context()
    )
    offer = events[0]
    assert isinstance(offer, OfferMade)
    return state, offer


def accepted(state: Application, day: date = TODAY) -> lending.OfferAccepted:
    """The acceptance of its offer."""
    assert state.offer
    event = OfferAccepted(reference=state.reference, offer_id=state.offer.offer_id, accepted_at=NOW)
    told = accept(state, event, context(business_date=day))[1][0]
    assert isinstance(told, lending.OfferAccepted)
    return told


@pytest.mark.parametrize(("changes", "expected"), BAD.values(), ids=BAD)
def test_bad_options_are_told_with_their_paths(changes: dict[str, Any], expected: dict[str, str]) -> None:
    with pytest.raises(DataError) as caught:
        submit(DESK, None, submission(**changes), context())
    assert {each.field: each.code for each in caught.value.errors} == expected
    assert all(each.message and each.fix for each in caught.value.errors)


def test_options_go_from_the_submission_to_the_loan() -> None:
    options = {"due_day": 10, "coupon": "SPRING-50"}
    state, offer = approved(options=options, disburse_on="2026-03-20")
    assert state.asked.options == offer.options == LoanOptions(due_day=10, coupon="SPRING-50")
    assert state.asked.disburse_on == offer.disburse_on == date(2026, 3, 20)
    assert [row.due_date for row in offer.instalments][:2] == [date(2026, 4, 10), date(2026, 5, 10)]
    assert [(each.payer, each.amount) for each in offer.subsidies] == [("lender", 5_000)]
    assert sum(row.subsidy for row in offer.instalments) == 5_000
    told = accepted(state)
    assert (told.options, told.disburse_on) == (offer.options, date(2026, 3, 20))


def test_what_is_approved_is_what_is_offered_and_accepted() -> None:
    asked = {"tranches": [{"on": "2026-09-01", "amount": 400_000}], **ORDER}
    application = submit(DESK, None, submission(**STUDY, options=asked), context())[0]
    smaller = LoanOptions(tranches=(PlannedTranche(on=date(2026, 9, 1), amount=200_000),), order_reference="ORDER-1")
    told = decision(application, amount=500_000, annual_rate=Decimal("0.06"), options=smaller)
    state, events = decided(DESK, application, told, context())
    assert isinstance(events[0], OfferMade)
    assert events[0].options == accepted(state).options == smaller


def test_an_offer_ends_before_its_first_tranche() -> None:
    soon = TODAY + timedelta(5)
    options = ORDER | {"tranches": [{"on": soon.isoformat(), "amount": 100_000}]}
    state, offer = approved(**STUDY, options=options)
    assert offer.valid_until == soon - timedelta(1)
    event = OfferAccepted(reference=state.reference, offer_id=offer.offer_id, accepted_at=NOW)
    with pytest.raises(Refused, match="offer_expired"):
        accept(state, event, context(business_date=soon))


def test_the_declared_income_is_settled_once() -> None:
    state, offer = approved(product="income-based", amount=1_000_000, instalments=24)
    assert state.asked.options == offer.options == LoanOptions(income=1_200_000)
    assert offer.instalments[0].total == 120_000
    assert accepted(state).instalments == 24 > len(offer.instalments)


@pytest.mark.parametrize(
    ("changes", "account"),
    [
        ({}, "acct_8f2c"),
        ({"debit_account": "acct_mine"}, "acct_mine"),
        ({**STUDY, "options": ORDER}, None),
        ({**STUDY, "options": ORDER, "debit_account": "acct_mine"}, "acct_mine"),
    ],
)
def test_the_account_to_collect_from_is_the_customers(changes: dict[str, Any], account: str | None) -> None:
    state, _ = approved(**changes)
    assert accepted(state).debit_account == account


def test_the_whole_cost_is_on_the_table() -> None:
    _, offer = approved("0.12", product="travel", amount=1_000_000, instalments=13, options=ORDER)
    assert [(fee.code, fee.payee, fee.when.value, fee.amount) for fee in offer.fees] == [
        ("travel-insurance", "insurer", "opening", 5_000)
    ]
    assert (offer.upfront_fee, offer.net_payout) == (5_000, 995_000)
    assert {each.code for each in offer.contingent_costs} == {"late_fee", "penalty"}
    assert offer.no_other_charges
    assert offer.simple_rate
    assert offer.effective_rate
    assert offer.simple_rate < offer.effective_rate
    assert offer.cooling_off_days == 7


def test_who_bears_the_interest_is_told() -> None:
    _, offer = approved("0.072", product="phone-interest-free", amount=600_000, instalments=12, options=ORDER)
    assert (offer.total_interest, offer.apr) == (0, Decimal(0))
    assert [(each.payer, each.amount) for each in offer.subsidies] == [("merchant", 43_200)]


def test_a_line_says_how_much_may_be_drawn_and_a_card_what_comes_with_it() -> None:
    _, line = approved(product="credit-line")
    assert (line.amount, line.limit) == (600_000, 2_000_000)
    _, card = approved(product="scenario-card", partner="city-cinema", options=ORDER)
    assert [each.code for each in card.benefits] == ["free-delivery", "cinema-half-price"]
    _, plain = approved()
    assert (plain.limit, plain.benefits) == (0, ())


def sample(product: Product) -> dict[str, Any]:
    """A submission that the product takes."""
    changes = {"product": product.code, "amount": product.amount.max, "instalments": product.tenors[-1]}
    if product.payout_to is Recipient.MERCHANT:
        changes["options"] = ORDER
    return changes | {"partner": product.merchants[0] if product.merchants else PARTNER}


@pytest.mark.parametrize("product", list(DESK.catalogue), ids=lambda product: product.code)
def test_the_offer_of_every_product_is_the_catalogues_schedule(product: Product) -> None:
    state, offer = approved("0.06", **sample(product))
    schedule = product.schedule_for(
        product.amount.max, product.tenors[-1], Decimal("0.06"), TODAY, state.asked.options, 1_200_000
    )
    cost = disclose(schedule, contingent=product.contingent_costs())
    assert [(row.number, row.due_date, row.total, row.subsidy) for row in offer.instalments] == [
        (row.number, row.due_date, row.total, row.subsidy) for row in schedule.instalments
    ]
    assert (offer.upfront_fee, offer.total_fees, offer.apr) == (cost.upfront_fee, cost.total_fees, cost.apr)
    assert sum(fee.amount for fee in offer.fees) == offer.total_fees
    assert offer.effective_rate == cost.effective_rate
    assert isinstance(offer.offer_id, UUID)
