"""An acceptance and its decision become a loan, in either order."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest

from lendstream.amortization import generate
from lendstream.catalogue import load
from lendstream.errors import DataError, Refused
from lendstream.events.application import OfferAccepted
from lendstream.events.decision import ApplicationDecided
from lendstream.events.loan import DisbursementRequested, LoanOpened
from lendstream_servicing.domain.loan import Account, Answer, Awaiting, Loan, Status
from lendstream_servicing.domain.opening import accept, approve
from unit.servicing import loans


def answer(account: Account | None, event: OfferAccepted | ApplicationDecided, today: date = loans.TODAY) -> Answer:
    if isinstance(event, OfferAccepted):
        return accept(account, event, today, loans.POLICY)
    return approve(account, event, today, loans.POLICY)


@pytest.mark.parametrize("first", ["acceptance", "decision"])
def test_the_loan_opens_with_the_second_half_whichever_it_is(first: str) -> None:
    halves: list[Any] = [loans.acceptance(), loans.approval()]
    if first == "decision":
        halves.reverse()
    waiting, nothing = answer(None, halves[0])
    assert isinstance(waiting, Awaiting)
    assert nothing == ()

    loan, events = answer(waiting, halves[1])

    assert isinstance(loan, Loan)
    assert loan.status is Status.OPENED
    assert loans.names(events) == ["LoanOpened", "DisbursementRequested"]
    assert [event.sequence for event in events] == [1, 2]
    assert {event.loan_id for event in events} == {loans.LOAN}
    assert loan.sequence == 2
    assert loan.news == events


def test_the_schedule_is_the_engines_for_the_products_version() -> None:
    loan = loans.opened()
    terms = load().product("cash-small", 1).terms(600_000, 6, loans.RATE, loans.TODAY)
    rows = generate(terms).instalments
    assert [(i.number, i.due_date, i.principal, i.interest, i.fee) for i in loan.instalments] == [
        (row.number, row.due_date, row.principal, row.interest, row.fee) for row in rows
    ]
    assert sum(each.principal for each in loan.instalments) == 600_000


def test_loan_opened_tells_the_whole_schedule_and_where_it_came_from() -> None:
    waiting, _ = answer(None, loans.approval())
    loan, (told, _) = answer(waiting, loans.acceptance())
    assert isinstance(loan, Loan)
    assert isinstance(told, LoanOpened)
    assert told.application_id == loans.APPLICATION
    assert told.reference == "SHOP-1"
    assert told.interest_from == told.opened_on == loans.TODAY
    assert told.submitted_at == loans.SUBMITTED
    assert [(i.number, i.principal, i.interest) for i in told.instalments] == [
        (i.number, i.principal, i.interest) for i in loan.instalments
    ]


def test_the_payout_is_the_principal_less_the_upfront_fee() -> None:
    terms = {"product": "home-appliances", "amount": 600_000, "annual_rate": Decimal("0.108")}
    waiting, _ = answer(None, loans.approval(**terms))
    _, (told, request) = answer(waiting, loans.acceptance(**terms))
    assert isinstance(told, LoanOpened)
    assert isinstance(request, DisbursementRequested)
    assert told.upfront_fee == 6_000
    assert request.amount == 594_000
    assert request.disbursement_id == uuid5(loans.LOAN, "disbursement/1")
    assert (request.attempt, request.payout_account, request.pay_on) == (1, "acct_8f2c", loans.TODAY)


def test_less_than_approved_may_be_accepted() -> None:
    waiting, _ = answer(None, loans.approval())
    loan, _ = answer(waiting, loans.acceptance(amount=300_000))
    assert isinstance(loan, Loan)
    assert loan.contract.principal == loan.principal_outstanding == 300_000


def test_a_payout_day_ahead_starts_the_schedule_there() -> None:
    later = loans.TODAY + timedelta(days=10)
    waiting, _ = answer(None, loans.approval())
    loan, _ = answer(waiting, loans.acceptance(disburse_on=later))
    assert isinstance(loan, Loan)
    assert loan.contract.opened_on == loans.TODAY
    assert loan.contract.interest_from == loan.pay_on == later
    assert loan.instalments[0].due_date == date(2026, 4, 12)


def test_a_payout_day_already_over_becomes_today_and_costs_no_interest_before() -> None:
    today = loans.TODAY + timedelta(days=4)
    waiting, _ = answer(None, loans.acceptance(), today)
    loan, _ = answer(waiting, loans.approval(), today)
    assert isinstance(loan, Loan)
    assert loan.contract.interest_from == loan.pay_on == today
    assert loan.instalments[0].due_date == date(2026, 4, 6)


@pytest.mark.parametrize("event", [loans.acceptance(), loans.approval()])
def test_the_same_half_again_changes_nothing(event: OfferAccepted | ApplicationDecided) -> None:
    waiting, _ = answer(None, event)
    again, events = answer(waiting, event)
    assert again is waiting
    assert events == ()


@pytest.mark.parametrize("event", [loans.acceptance(), loans.approval()])
def test_a_half_after_the_opening_changes_nothing(event: OfferAccepted | ApplicationDecided) -> None:
    loan = loans.opened()
    again, events = answer(loan, event)
    assert again is loan
    assert events == ()


def test_a_corrected_half_replaces_the_one_before() -> None:
    wrong, _ = answer(None, loans.acceptance(amount=900_000))
    right, _ = answer(wrong, loans.acceptance())
    loan, _ = answer(right, loans.approval())
    assert isinstance(loan, Loan)
    assert loan.contract.principal == 600_000


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"amount": 600_001}, "amount", "amount_over_approval"),
        ({"instalments": 12}, "instalments", "instalments_not_as_decided"),
        ({"annual_rate": Decimal("0.17")}, "annual_rate", "annual_rate_not_as_decided"),
        ({"currency": "USD"}, "currency", "currency_not_as_decided"),
        ({"product": "education"}, "product", "product_not_as_decided"),
        ({"customer_id": uuid4()}, "customer_id", "customer_id_not_as_decided"),
    ],
)
@pytest.mark.parametrize("first", ["acceptance", "decision"])
def test_terms_that_were_not_decided_are_refused(changes: dict[str, Any], field: str, code: str, first: str) -> None:
    halves: list[Any] = [loans.acceptance(**changes), loans.approval()]
    if first == "decision":
        halves.reverse()
    waiting, _ = answer(None, halves[0])
    with pytest.raises(DataError) as refused:
        answer(waiting, halves[1])
    (error,) = refused.value.errors
    assert (error.field, error.code) == (field, code)
    assert error.fix


def test_every_mismatch_is_told_at_once() -> None:
    waiting, _ = answer(None, loans.approval())
    with pytest.raises(DataError) as refused:
        answer(waiting, loans.acceptance(amount=700_000, instalments=3))
    assert {error.field for error in refused.value.errors} == {"amount", "instalments"}


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"product": "moon-shot"}, "product"),
        ({"product_version": 99}, "product"),
        ({"amount": 2_000_001}, "amount"),
        ({"instalments": 5}, "instalments"),
        ({"currency": "USD"}, "currency"),
    ],
)
def test_terms_that_no_product_has_are_refused(terms: dict[str, Any], field: str) -> None:
    accepted = {name: value for name, value in terms.items() if name != "product_version"}
    waiting, _ = answer(None, loans.acceptance(**accepted))
    with pytest.raises(Refused) as refused:
        answer(waiting, loans.approval(**terms))
    assert refused.value.errors[0].field == field
    assert refused.value.errors[0].fix


@pytest.mark.parametrize(
    "event", [loans.acceptance(offer_id=UUID(int=1)), loans.approval(decision_id=UUID(int=2), amount=1)]
)
def test_another_agreement_for_an_open_loan_is_refused(event: OfferAccepted | ApplicationDecided) -> None:
    with pytest.raises(Refused) as refused:
        answer(loans.opened(), event)
    assert refused.value.code == "already_opened"


def test_an_approval_without_terms_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        answer(None, loans.approval().model_copy(update={"terms": None}))
    assert refused.value.code == "terms_missing"


def test_an_equal_principal_product_opens_with_its_method() -> None:
    terms = {"product": "phone-instalment", "annual_rate": Decimal("0.12")}
    policy = replace(loans.POLICY, catalogue=load())
    waiting, _ = approve(None, loans.approval(**terms), loans.TODAY, policy)
    loan, _ = accept(waiting, loans.acceptance(**terms), loans.TODAY, policy)
    assert isinstance(loan, Loan)
    assert {each.principal for each in loan.instalments} == {100_000}
    assert {each.fee for each in loan.instalments} == {200}
    interests = [each.interest for each in loan.instalments]
    assert interests == sorted(interests, reverse=True)
