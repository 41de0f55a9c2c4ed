"""A decision can be made again from what it carries, by anyone."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lendstream.events.application import ApplicantFacts, ApplicationReady
from lendstream.events.decision import ApplicationDecided, CustomerPosition, Outcome
from lendstream.events.intake import BureauSummary, EmploymentStatus, Finances
from lendstream_risk import policies
from lendstream_risk.domain.assess import assess
from lendstream_risk.domain.customer import Customer
from lendstream_risk.domain.decide import decide
from lendstream_risk.domain.explain import explain
from support.risk import NOW, bureau, ready

RULEBOOK = policies.load()
SMALL = st.integers(0, 15)
MONEY = st.integers(0, 10_000_000)

bureaus = st.builds(
    BureauSummary,
    source=st.just("partner"),
    open_accounts=SMALL,
    delinquencies_24m=SMALL,
    inquiries_12m=SMALL,
    accounts_past_due=st.integers(0, 1),
    bankruptcies=st.integers(0, 1),
    history_months=st.integers(0, 400),
    credit_limit=MONEY,
    credit_used=MONEY,
)
applications: st.SearchStrategy[ApplicationReady] = st.builds(
    ApplicationReady,
    application_id=st.uuids(),
    customer_id=st.uuids(),
    partner=st.just("phone-shop"),
    product=st.sampled_from([*sorted(RULEBOOK.version(1).products), "unknown"]),
    amount=st.integers(1, 35_000_000),
    currency=st.sampled_from(["CNY", "CNY", "CNY", "USD"]),
    instalments=st.sampled_from([3, 6, 12, 24, 36, 60, 7]),
    applicant=st.builds(
        ApplicantFacts,
        age=st.integers(15, 80),
        finances=st.builds(
            Finances,
            employment_status=st.sampled_from(EmploymentStatus),
            employment_months=st.integers(0, 300),
            monthly_income=MONEY,
            monthly_debt=st.integers(0, 1_000_000),
        ),
        bureau=st.one_of(st.none(), bureaus),
    ),
    business_date=st.dates(RULEBOOK.version(1).valid_from),
    submitted_at=st.just(NOW),
)
positions = st.builds(
    CustomerPosition,
    open_loans=st.integers(0, 4),
    exposure=MONEY,
    instalments_due=st.integers(0, 1_000_000),
    loans_repaid=st.integers(0, 4),
    worst_days_past_due=st.integers(0, 2),
)


@given(applications, positions)
def test_every_decision_is_explained_by_its_own_inputs(asked: ApplicationReady, position: CustomerPosition) -> None:
    decided = assess(asked, position, RULEBOOK.in_force(asked.business_date), RULEBOOK).decided
    from_the_wire = ApplicationDecided.model_validate_json(decided.model_dump_json())
    explanation = explain(from_the_wire, RULEBOOK)
    assert explanation.same, explanation.differences
    assert explanation.recomputed.model_dump_json() == decided.model_dump_json()


@given(applications, positions)
def test_an_approval_keeps_the_policys_promises(asked: ApplicationReady, position: CustomerPosition) -> None:
    policy = RULEBOOK.version(1)
    assessment = assess(asked, position, policy, RULEBOOK)
    decided, terms = assessment.decided, assessment.decided.terms
    assert 1 <= len(decided.reasons) <= 4
    assert (decided.outcome is Outcome.APPROVED) is (terms is not None)
    if terms is None:
        return
    rules = policy.segments[decided.segment]
    finances = asked.applicant.finances
    due = assessment.instalment + finances.monthly_debt + position.instalments_due
    assert due <= rules.instalments_to_income * finances.monthly_income
    assert terms.amount + position.exposure <= terms.limit <= rules.limit
    assert policy.counter_offer_min_share * asked.amount - 1 <= terms.amount <= asked.amount
    product = RULEBOOK.product(policy, asked.product)
    assert product
    assert product.amount.min <= terms.amount <= product.amount.max
    assert terms.amount == asked.amount or terms.amount % product.amount.step == 0


@given(applications)
def test_deciding_again_gives_the_same_bytes(asked: ApplicationReady) -> None:
    customer, first = decide(Customer(), asked, RULEBOOK)
    _, second = decide(customer, asked.model_copy(update={"attempt": asked.attempt + 1}), RULEBOOK)
    assert second.model_dump_json() == first.model_dump_json()


def tampered(**fields: Any) -> tuple[str, ...]:
    decided = decide(Customer(), ready(), RULEBOOK)[1]
    return explain(decided.model_copy(update=fields), RULEBOOK).differences


def test_a_decision_that_its_inputs_do_not_lead_to_is_found_out() -> None:
    honest = decide(Customer(), ready(), RULEBOOK)[1]
    assert honest.terms
    richer = honest.terms.model_copy(update={"amount": honest.terms.amount + 10_000})
    assert tampered(terms=richer) == ("terms",)
    assert tampered(outcome=Outcome.DECLINED) == ("outcome",)
    assert tampered(reasons=honest.reasons[:1]) == ("reasons",)
    bankrupt = honest.asked.applicant.model_copy(update={"bureau": bureau(bankruptcies=1)})
    assert "outcome" in tampered(asked=honest.asked.model_copy(update={"applicant": bankrupt}))


def test_reworded_reasons_are_the_same_reasons() -> None:
    decided = decide(Customer(), ready(), RULEBOOK)[1]
    reworded = tuple(reason.model_copy(update={"en": "Other words"}) for reason in decided.reasons)
    assert tampered(reasons=reworded) == ()
