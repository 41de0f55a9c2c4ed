"""What is decided, and why."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from lendstream.events.application import ApplicantFacts
from lendstream.events.decision import ApplicationDecided, CustomerPosition, Outcome, Segment
from lendstream.events.intake import BureauSummary, EmploymentStatus
from lendstream_risk import policies
from lendstream_risk.domain.affordability import instalment
from lendstream_risk.domain.assess import assess
from lendstream_risk.domain.scorecard import points
from support.risk import applicant, bureau, ready

RULEBOOK = policies.load()
POLICY = RULEBOOK.version(1)
NOTHING = CustomerPosition(open_loans=0, exposure=0, instalments_due=0, loans_repaid=0, worst_days_past_due=0)


def position(**fields: int) -> CustomerPosition:
    return NOTHING.model_copy(update=fields)


def decided(known: CustomerPosition = NOTHING, **fields: object) -> ApplicationDecided:
    return assess(ready(**fields), known, POLICY, RULEBOOK).decided


def codes(decision: ApplicationDecided) -> list[str]:
    return [reason.code for reason in decision.reasons]


def test_what_is_asked_for_is_approved_when_it_fits() -> None:
    decision = decided()
    assert decision.outcome is Outcome.APPROVED
    assert decision.terms
    assert decision.terms.amount == 500_000
    assert decision.terms.annual_rate == Decimal("0.1800")
    assert decision.terms.product_version == 1
    assert decision.segment is Segment.NEW_PRIME
    assert codes(decision) == ["GOOD_RECORD", "FITS_INCOME"]
    assert all(reason.zh and reason.en for reason in decision.reasons)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"applicant": applicant(age=17, record=bureau())}, "AGE_BELOW_MINIMUM"),
        ({"applicant": applicant(age=70, record=bureau())}, "AGE_ABOVE_MAXIMUM"),
        ({"applicant": applicant(employment_status=EmploymentStatus.UNEMPLOYED)}, "EMPLOYMENT"),
        ({"applicant": applicant(employment_months=1)}, "EMPLOYMENT_TOO_SHORT"),
        ({"applicant": applicant(monthly_income=100_000)}, "INCOME_BELOW_MINIMUM"),
        ({"applicant": applicant(record=bureau(bankruptcies=1))}, "BANKRUPTCY"),
        ({"applicant": applicant(record=bureau(accounts_past_due=1))}, "ACCOUNTS_PAST_DUE"),
        ({"applicant": applicant(record=bureau(delinquencies_24m=9))}, "DELINQUENCIES"),
        ({"applicant": applicant(record=bureau(inquiries_12m=40))}, "TOO_MANY_INQUIRIES"),
        ({"currency": "USD"}, "CURRENCY_MISMATCH"),
        ({"amount": 100}, "AMOUNT_OUT_OF_RANGE"),
        ({"amount": 9_000_000}, "AMOUNT_OUT_OF_RANGE"),
        ({"instalments": 7}, "TENOR_NOT_OFFERED"),
        ({"product": "no-such-product"}, "PRODUCT_NOT_OFFERED"),
        ({"known": position(open_loans=1, exposure=1, worst_days_past_due=3)}, "PAST_DUE_WITH_US"),
        ({"known": position(open_loans=3)}, "TOO_MANY_LOANS"),
        ({"applicant": applicant(monthly_debt=599_000, record=bureau())}, "AFFORDABILITY"),
        ({"known": position(open_loans=1, exposure=3_900_000)}, "EXPOSURE_LIMIT"),
    ],
)
def test_each_rule_declines_with_its_own_reason(fields: dict[str, Any], code: str) -> None:
    decision = decided(**fields)
    assert decision.outcome is Outcome.DECLINED
    assert decision.terms is None
    assert codes(decision) == [code]


def test_retired_people_need_no_time_in_employment() -> None:
    retired = applicant(age=60, employment_status=EmploymentStatus.RETIRED, employment_months=0, record=bureau())
    assert decided(applicant=retired).outcome is Outcome.APPROVED


def test_at_most_four_reasons_the_weightiest_first() -> None:
    bad = applicant(
        age=17,
        employment_status=EmploymentStatus.UNEMPLOYED,
        monthly_income=0,
        record=bureau(bankruptcies=1, accounts_past_due=2, delinquencies_24m=9, inquiries_12m=40),
    )
    assert codes(decided(applicant=bad, known=position(worst_days_past_due=9))) == [
        "BANKRUPTCY",
        "PAST_DUE_WITH_US",
        "ACCOUNTS_PAST_DUE",
        "AGE_BELOW_MINIMUM",
    ]


def test_the_largest_amount_that_fits_the_income_is_offered() -> None:
    asking = ready(amount=2_000_000, applicant=applicant(monthly_income=250_000, record=bureau()))
    decision = assess(asking, NOTHING, POLICY, RULEBOOK).decided
    product = RULEBOOK.product(POLICY, "cash-small")
    assert decision.terms
    assert product
    offered, step = decision.terms.amount, product.amount.step
    assert codes(decision) == ["REDUCED_TO_INCOME", "GOOD_RECORD", "FITS_INCOME"]
    assert offered % step == 0
    rate = decision.terms.annual_rate
    asked, rules = decision.asked, POLICY.products[product.code]
    assert instalment(product, rules, asked, offered, rate) <= 125_000
    assert instalment(product, rules, asked, offered + step, rate) > 125_000


def test_what_is_left_under_the_limit_is_offered() -> None:
    decision = decided(position(open_loans=1, exposure=3_000_000), amount=1_500_000)
    assert decision.terms
    assert (decision.terms.amount, decision.terms.limit) == (1_000_000, 4_000_000)
    assert codes(decision) == ["REDUCED_TO_LIMIT", "GOOD_RECORD", "FITS_INCOME"]


def test_a_counter_offer_below_the_policys_share_is_not_made() -> None:
    assert codes(decided(position(open_loans=1, exposure=3_600_000), amount=1_500_000)) == ["EXPOSURE_LIMIT"]
    assert decided(position(open_loans=1, exposure=3_550_000), amount=1_500_000).outcome is Outcome.APPROVED


def test_what_is_owed_already_counts_against_the_income() -> None:
    free = decided(amount=2_000_000, applicant=applicant(monthly_income=400_000, record=bureau()))
    bound = decided(
        position(open_loans=1, exposure=100_000, instalments_due=80_000),
        amount=2_000_000,
        applicant=applicant(monthly_income=400_000, record=bureau()),
    )
    assert free.terms
    assert bound.terms
    assert bound.terms.amount < free.terms.amount


@pytest.mark.parametrize(
    ("record", "repaid", "segment", "rate"),
    [
        (bureau(), 0, Segment.NEW_PRIME, "0.1800"),
        (None, 0, Segment.NEW_INCLUSIVE, "0.2340"),
        (bureau(), 1, Segment.REPEAT_PRIME, "0.1560"),
        (None, 2, Segment.REPEAT_INCLUSIVE, "0.2040"),
    ],
)
def test_the_segment_sets_the_price(record: BureauSummary | None, repaid: int, segment: Segment, rate: str) -> None:
    decision = decided(position(loans_repaid=repaid), applicant=applicant(record=record))
    assert decision.segment is segment
    assert decision.terms
    assert decision.terms.annual_rate == Decimal(rate)
    assert ("REPAID_BEFORE" in codes(decision)) is bool(repaid)
    assert ("SHORT_RECORD" in codes(decision)) is (record is None)


def test_points_follow_the_policys_tables() -> None:
    facts = ApplicantFacts(age=30, finances=applicant(employment_months=12).finances, bureau=bureau(history_months=35))
    found = points(POLICY.scorecard, facts, NOTHING)
    assert {fact.value: each for fact, each in found.items()} == {
        "history_months": 10,
        "delinquencies_24m": 25,
        "inquiries_12m": 15,
        "credit_usage_percent": 15,
        "employment_months": 5,
        "loans_repaid": 0,
    }


def test_a_used_line_without_a_limit_is_fully_used() -> None:
    facts = applicant(record=bureau(credit_limit=0, credit_used=10))
    assert {fact.value: each for fact, each in points(POLICY.scorecard, facts, NOTHING).items()}[
        "credit_usage_percent"
    ] == 0


def test_the_decision_is_for_the_business_day_of_the_application() -> None:
    decision = decided(business_date=date(2027, 5, 6))
    assert (decision.as_of, decision.policy_version) == (date(2027, 5, 6), 1)
