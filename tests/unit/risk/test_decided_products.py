"""What a decision makes of the products that are out of the ordinary."""

from datetime import date
from typing import Any

import pytest

from lendstream.catalogue import Product, Recipient
from lendstream.events.application import ApplicationReady
from lendstream.events.decision import ApplicationDecided, CustomerPosition, Outcome
from lendstream.events.intake import EmploymentStatus, LoanOptions, PlannedTranche
from lendstream.events.loan import LoanOpened, RescheduleReason
from lendstream_risk import policies
from lendstream_risk.domain.assess import Assessment, assess
from lendstream_risk.domain.customer import Customer
from lendstream_risk.domain.decide import decide
from lendstream_risk.domain.explain import explain
from lendstream_risk.domain.fold import open_loan, reschedule, set_principal
from support.risk import applicant, bureau, opened, paid, ready, rescheduled

RULEBOOK = policies.load()
POLICY = RULEBOOK.version(2)
NEW = CustomerPosition(open_loans=0, exposure=0, instalments_due=0, loans_repaid=0, worst_days_past_due=0)
REPEAT = NEW.model_copy(update={"loans_repaid": 2})
ORDER = LoanOptions(order_reference="ORDER-1")
SELF_EMPLOYED = applicant(record=bureau(), employment_status=EmploymentStatus.SELF_EMPLOYED)
STUDENT = applicant(20, employment_status=EmploymentStatus.STUDENT, employment_months=0)


def assessed(known: CustomerPosition = NEW, **fields: Any) -> Assessment:
    return assess(ready(**fields), known, POLICY, RULEBOOK)


def decided(known: CustomerPosition = NEW, **fields: Any) -> ApplicationDecided:
    return assessed(known, **fields).decided


def codes(decision: ApplicationDecided) -> set[str]:
    return {reason.code for reason in decision.reasons}


def sample(product: Product) -> ApplicationReady:
    """The smallest loan of the product to a customer whom it is for."""
    rules = POLICY.products[product.code]
    status = rules.employment[0] if rules.employment else EmploymentStatus.EMPLOYED
    return ready(
        product=product.code,
        amount=product.amount.min,
        instalments=product.tenors[-1],
        applicant=applicant(record=bureau(), employment_status=status),
        partner=product.merchants[0] if product.merchants else "phone-shop",
        options=ORDER if product.payout_to is Recipient.MERCHANT else None,
    )


def test_the_policy_sells_everything_on_offer() -> None:
    assert set(POLICY.products) == {product.code for product in RULEBOOK.catalogue}


@pytest.mark.parametrize("product", list(RULEBOOK.catalogue), ids=lambda product: product.code)
def test_every_product_is_lent_to_whom_it_is_for(product: Product) -> None:
    known = NEW if "new" in product.customers else REPEAT
    decision = assess(sample(product), known, POLICY, RULEBOOK).decided
    assert decision.outcome is Outcome.APPROVED, codes(decision)
    assert decision.terms
    assert decision.terms.options == decision.asked.options
    assert explain(decision, RULEBOOK).same


def test_a_first_loan_and_a_repeat_loan_are_for_their_own() -> None:
    first: dict[str, Any] = {"product": "first-loan", "amount": 300_000, "instalments": 6}
    again: dict[str, Any] = {"product": "repeat-loan", "amount": 300_000, "instalments": 6}
    assert decided(**first).outcome is decided(REPEAT, **again).outcome is Outcome.APPROVED
    assert codes(decided(REPEAT, **first)) == {"NEW_CUSTOMERS_ONLY"}
    assert codes(decided(**again)) == {"REPEAT_CUSTOMERS_ONLY"}


def test_a_card_is_sold_by_its_own_partners() -> None:
    card: dict[str, Any] = {"product": "scenario-card", "amount": 100_000, "instalments": 3, "options": ORDER}
    assert decided(**card, partner="city-cinema").outcome is Outcome.APPROVED
    assert codes(decided(**card, partner="phone-shop")) == {"PARTNER_NOT_ALLOWED"}


@pytest.mark.parametrize(
    "fields",
    [
        {"options": LoanOptions(income=100_000)},
        {"options": LoanOptions(coupon="NOWHERE")},
        {"options": LoanOptions(tranches=(PlannedTranche(on=date(2026, 9, 1), amount=1),))},
        {"product": "medical"},
        {
            "product": "education-study",
            "instalments": 24,
            "options": ORDER.model_copy(
                update={"tranches": (PlannedTranche(on=date(2031, 1, 1), amount=100),)},
            ),
        },
    ],
    ids=["income", "coupon", "tranches", "no order", "a tranche after the end"],
)
def test_options_that_make_no_loan_are_declined(fields: dict[str, Any]) -> None:
    assert codes(decided(**fields)) == {"OPTIONS_NOT_OFFERED"}


def test_tranches_keep_their_share_of_a_smaller_loan() -> None:
    tranches = tuple(PlannedTranche(on=date(2026, month, 1), amount=2_000_000) for month in (6, 9))
    decision = decided(
        product="education-study",
        amount=8_000_000,
        instalments=24,
        applicant=STUDENT,
        options=ORDER.model_copy(update={"tranches": tranches}),
    )
    assert decision.terms
    assert decision.terms.options
    amount = decision.terms.amount
    assert amount < 8_000_000
    assert [each.amount for each in decision.terms.options.tranches] == [amount // 4] * 2
    assert "REDUCED_TO_INCOME" in codes(decision)


def test_the_real_schedule_counts_grace_and_all() -> None:
    study = assessed(product="education-study", amount=1_200_000, instalments=24, applicant=STUDENT, options=ORDER)
    assert study.instalment > 12 * 1_200_000 * 6 // 100 // 12, "the first payment after grace brings a year's interest"


def test_the_day_of_the_payout_moves_the_schedule() -> None:
    now = assessed(product="micro-business", amount=1_000_000, instalments=6, applicant=SELF_EMPLOYED)
    later = assessed(
        product="micro-business",
        amount=1_000_000,
        instalments=6,
        applicant=SELF_EMPLOYED,
        disburse_on=date(2026, 3, 31),
    )
    assert now.instalment != later.instalment


def test_instalments_every_two_weeks_are_brought_to_a_month() -> None:
    travel = assessed(product="travel", amount=1_300_000, instalments=26, options=ORDER)
    every_two_weeks = 1_300_000 // 26
    assert travel.instalment > every_two_weeks * 26 // 12
    assert travel.instalment < every_two_weeks * 3


def test_a_bullet_is_measured_by_its_months_where_the_policy_says_so() -> None:
    shop = assessed(product="micro-business", amount=1_200_000, instalments=12, applicant=SELF_EMPLOYED)
    assert 1_200_000 // 12 < shop.instalment < 1_200_000 // 12 * 1.2
    payday = assessed(product="payday-bullet", amount=300_000, instalments=14)
    assert payday.instalment > 300_000
    assert payday.decided.terms


def test_a_tenor_in_days_is_no_tenor_in_months() -> None:
    assert decided(product="payday-bullet", amount=100_000, instalments=30, applicant=applicant(69)).terms
    assert codes(decided(instalments=12, applicant=applicant(70))) >= {"AGE_ABOVE_MAXIMUM"}


def test_who_may_have_a_product_is_the_products_to_say() -> None:
    assert decided(product="education-study", amount=300_000, instalments=24, applicant=STUDENT, options=ORDER).terms
    assert codes(decided(applicant=STUDENT)) == {"EMPLOYMENT"}
    assert "EMPLOYMENT" in codes(decided(product="micro-business"))


def test_the_instalment_follows_the_income() -> None:
    followed = assessed(product="income-based", amount=500_000, instalments=24, options=LoanOptions(income=600_000))
    assert 60_000 <= followed.instalment < 120_000
    assert assessed(product="income-based", amount=500_000, instalments=24).instalment == 120_000


def test_of_a_line_the_limit_is_lent() -> None:
    line = assessed(product="credit-line", amount=300_000, instalments=12)
    terms = line.decided.terms
    assert terms
    assert terms.amount == 300_000
    assert 300_000 < terms.limit == line.committed <= 10_000_000
    assert line.instalment <= 1_200_000 // 2, "drawn to the limit it still fits into the income"
    burdened = assessed(NEW.model_copy(update={"exposure": 9_800_000}), product="credit-line", amount=100_000)
    assert burdened.decided.terms
    assert burdened.decided.terms.limit == 200_000


def test_a_line_counts_with_its_limit_however_much_is_drawn() -> None:
    asked = ready(product="credit-line", amount=300_000)
    customer, decision = decide(Customer(), asked, RULEBOOK)
    assert decision.terms
    limit = decision.terms.limit
    assert customer.position(besides="").exposure == limit
    committed = customer.position(besides="").instalments_due
    loan = opened(decision).model_copy(update={"limit": limit})
    customer = open_loan(customer, loan)
    assert customer.position(besides="").exposure == limit
    assert customer.position(besides="").instalments_due == committed
    assert set_principal(customer, paid(loan, 2, 0)).position(besides="").exposure == limit


def lent(asked: ApplicationReady, **fields: Any) -> tuple[Customer, LoanOpened]:
    """A customer with the loan that was asked for, of its schedule as the tests write it."""
    customer, decision = decide(Customer(), asked, RULEBOOK)
    loan = opened(decision, **fields)
    return open_loan(customer, loan), loan


def due(customer: Customer) -> int:
    """What the customer pays us a month, as the next decision will know it."""
    return customer.position(besides="").instalments_due


def test_what_the_decision_measured_goes_on_counting() -> None:
    shop = ready(product="micro-business", amount=1_200_000, instalments=12, applicant=SELF_EMPLOYED)
    measured = assess(shop, NEW, POLICY, RULEBOOK).instalment
    customer, loan = lent(shop)
    assert due(customer) == measured
    early = rescheduled(loan, 2, 600_000, 0, 5_000, 605_000).model_copy(update={"reason": RescheduleReason.PREPAYMENT})
    assert due(reschedule(customer, early)) == measured, "paying early makes no loan harder to bear"
    relieved = rescheduled(loan, 2, 600_000, 0, 50_000, 50_000)
    assert due(reschedule(customer, relieved)) == 50_000


def test_a_draw_does_not_change_what_a_line_takes() -> None:
    line = ready(product="credit-line", amount=300_000)
    customer, loan = lent(line, limit=5_000_000)
    before = due(customer)
    drawn = rescheduled(loan, 2, 600_000, 0, 55_000).model_copy(update={"reason": RescheduleReason.DRAW})
    assert due(reschedule(customer, drawn)) == before > 55_000
