"""An application from submission to loan, as pure functions."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from lendstream.errors import DataError, Refused
from lendstream.events import application as lending
from lendstream.events import intake
from lendstream.events.intake import ApplicationStatus, ApplicationStatusChanged, OfferMade
from lendstream.events.loan import LoanCancelled, LoanOpened
from lendstream_application.domain import ids
from lendstream_application.domain.acceptance import accept, expire, withdraw
from lendstream_application.domain.decision import ask_again, decided
from lendstream_application.domain.loan import loan_cancelled, loan_opened
from lendstream_application.domain.model import Application
from lendstream_application.domain.submission import submit
from unit.application.samples import (
    DESK,
    NOW,
    PARTNER,
    REASON,
    SECRET,
    TODAY,
    context,
    decision,
    received,
    submission,
)


def offered(**changes: Any) -> Application:
    application = received(**changes)
    return decided(DESK, application, decision(application), context())[0]


def acceptance(application: Application, offer_id: UUID | None = None) -> intake.OfferAccepted:
    assert offer_id or application.offer
    chosen = offer_id or (application.offer.offer_id if application.offer else uuid4())
    return intake.OfferAccepted(reference=application.reference, offer_id=chosen, accepted_at=NOW)


def withdrawal(reason: str = "") -> intake.ApplicationWithdrawn:
    return intake.ApplicationWithdrawn(reference="SHOP-1", reason=reason)


def accepted() -> Application:
    application = offered()
    return accept(application, acceptance(application), context())[0]


def opened(application: Application) -> LoanOpened:
    return LoanOpened(
        loan_id=UUID(int=5),
        customer_id=application.customer_id,
        sequence=1,
        application_id=application.application_id,
        partner=PARTNER,
        reference="SHOP-1",
        product="cash-small",
        product_version=1,
        method="equal_instalment",
        principal=600_000,
        currency="CNY",
        annual_rate=Decimal("0.18"),
        upfront_fee=0,
        instalments=(),
        engine="1",
        opened_on=TODAY,
        interest_from=TODAY,
        submitted_at=NOW,
    )


def cancelled(application: Application) -> LoanCancelled:
    return LoanCancelled(
        loan_id=UUID(int=5),
        customer_id=application.customer_id,
        sequence=2,
        application_id=application.application_id,
        reason="the account is closed",
        cancelled_on=TODAY,
    )


def code(caught: pytest.ExceptionInfo[Refused]) -> str:
    return caught.value.code


class TestSubmission:
    def test_it_is_received_and_the_decision_is_asked_for(self) -> None:
        after, events = submit(DESK, None, submission(disburse_on="2026-03-05"), context())
        told, ready, status = events
        assert isinstance(told, lending.ApplicationReceived)
        assert isinstance(ready, lending.ApplicationReady)
        assert isinstance(status, ApplicationStatusChanged)
        assert told.application_id == ready.application_id == status.application_id == after.application_id
        assert after.application_id == ids.application_id(PARTNER, "SHOP-1")
        assert ready.customer_id == ids.customer_id(SECRET, submission().identity)
        assert (ready.attempt, ready.business_date, ready.applicant.age) == (1, TODAY, 35)
        assert (status.partner, status.reference, status.status) == (PARTNER, "SHOP-1", ApplicationStatus.RECEIVED)
        assert after.ask_again_at == NOW + timedelta(seconds=30)

    def test_no_direct_identifier_is_in_state_or_events(self) -> None:
        everything = repr(submit(DESK, None, submission(), context()))
        for identifier in ("王小明", "110101199003070017", "13800138000", "xiaoming", "1990-03-07"):
            assert identifier not in everything

    def test_the_same_again_is_answered_with_where_it_stands(self) -> None:
        state = offered()
        after, events = submit(DESK, state, submission(), context(business_date=TODAY + timedelta(400)))
        assert after is state
        assert [type(each) for each in events] == [ApplicationStatusChanged]
        assert events[0] == state.status_changed()

    def test_the_same_written_otherwise_is_the_same(self) -> None:
        state = received()
        again = submission(submitted_at="2026-03-02T16:15:30+08:00", consents={"data_processing": True})
        assert submit(DESK, state, again, context())[0] is state

    @pytest.mark.parametrize(
        "changes",
        [{"amount": 500_000}, {"identity__mobile": "+8613800138001"}, {"payout_account": "acct_other"}],
        ids=str,
    )
    def test_another_content_under_the_reference_is_refused_and_the_first_stands(self, changes: dict[str, Any]) -> None:
        with pytest.raises(Refused) as caught:
            submit(DESK, received(), submission(**changes), context())
        assert code(caught) == "reference_reused"
        assert caught.value.errors[0].field == "reference"

    def test_references_are_each_partners_own(self) -> None:
        mine = submit(DESK, None, submission(), context())[0]
        yours = submit(DESK, None, submission(), context(partner="clinic"))[0]
        assert mine.application_id != yours.application_id
        assert mine.customer_id == yours.customer_id

    def test_without_a_partner_nothing_is_taken_in(self) -> None:
        with pytest.raises(Refused) as caught:
            submit(DESK, None, submission(), context(partner=None))
        assert code(caught) == "unknown_partner"


class TestDecision:
    def test_an_approval_becomes_an_offer_with_its_whole_cost(self) -> None:
        application = received()
        after, events = decided(DESK, application, decision(application, amount=500_000), context())
        offer, status = events
        assert isinstance(offer, OfferMade)
        assert isinstance(status, ApplicationStatusChanged)
        assert status.status is ApplicationStatus.OFFERED
        assert offer.amount == 500_000 == sum(row.principal for row in offer.instalments)
        assert [row.number for row in offer.instalments] == [1, 2, 3, 4, 5, 6]
        assert offer.instalments[0].due_date == date(2026, 4, 2)
        assert offer.instalments[-1].due_date == date(2026, 9, 2)
        assert all(row.total == row.principal + row.interest + row.fee for row in offer.instalments)
        assert offer.total_to_repay == sum(row.total for row in offer.instalments)
        assert offer.total_interest == sum(row.interest for row in offer.instalments)
        assert offer.total_to_repay == 500_000 + offer.total_interest + offer.total_fees - offer.upfront_fee
        assert offer.valid_until == TODAY + timedelta(7)
        assert offer.offer_id == ids.offer_id(application.application_id, UUID(int=42))
        assert after.ask_again_at is None
        assert (after.offer, after.tenor) == (offer, 6)
        assert after.offer_open_until == offer.valid_until

    def test_a_refusal_is_told_with_its_reasons(self) -> None:
        application = received()
        _after, events = decided(DESK, application, decision(application, approved=False), context())
        (status,) = events
        assert isinstance(status, ApplicationStatusChanged)
        assert (status.status, status.reasons) == (ApplicationStatus.DECLINED, (REASON,))

    def test_a_decision_seen_again_or_too_late_changes_nothing(self) -> None:
        state = offered()
        late = withdraw(received(), withdrawal(), context())[0]
        for known in (state, late):
            after, events = decided(DESK, known, decision(known), context())
            assert after is known
            assert not events

    @pytest.mark.parametrize(
        "terms", [{"product_version": 99}, {"amount": 1}, {"instalments": 7}, {"product": "yacht"}], ids=str
    )
    def test_terms_that_the_catalogue_does_not_know_are_refused(self, terms: dict[str, Any]) -> None:
        application = received()
        with pytest.raises(Refused) as caught:
            decided(DESK, application, decision(application, **terms), context())
        assert code(caught) == "terms_not_offered"

    def test_an_unknown_application_and_an_approval_without_terms_are_refused(self) -> None:
        application = received()
        with pytest.raises(Refused, match="no application"):
            decided(DESK, None, decision(application), context())
        with pytest.raises(Refused, match="no terms"):
            decided(DESK, application, decision(application).model_copy(update={"terms": None}), context())

    def test_asking_again_counts_and_pauses_longer_each_time(self) -> None:
        state, pauses, patience = received(), [], timedelta(seconds=30)
        for expected in range(2, 14):
            state, question = ask_again(state, NOW, patience)
            assert question.attempt == expected
            assert question.model_copy(update={"attempt": 1}) == received().asked
            assert state.ask_again_at is not None
            pauses.append(state.ask_again_at - NOW)
        assert pauses[:3] == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
        assert pauses == sorted(pauses)
        assert pauses[-1] == timedelta(hours=1)


class TestAcceptance:
    def test_it_carries_exactly_the_offers_terms(self) -> None:
        state = offered()
        assert state.offer is not None
        after, events = accept(state, acceptance(state), context())
        told, status = events
        assert isinstance(told, lending.OfferAccepted)
        assert isinstance(status, ApplicationStatusChanged)
        assert status.status is ApplicationStatus.ACCEPTED
        assert (told.offer_id, told.amount, told.instalments) == (state.offer.offer_id, 600_000, 6)
        assert (told.accepted_on, told.disburse_on, told.payout_account) == (TODAY, TODAY, "acct_8f2c")
        assert after.offer_open_until is None

    @pytest.mark.parametrize(
        ("wanted", "on", "expected"),
        [
            ("2026-03-05", TODAY, date(2026, 3, 5)),
            ("2026-03-05", date(2026, 3, 8), date(2026, 3, 8)),
            (None, date(2026, 3, 8), date(2026, 3, 8)),
        ],
    )
    def test_the_payout_is_on_the_day_wanted_or_the_first_possible(
        self, wanted: str | None, on: date, expected: date
    ) -> None:
        state = offered(disburse_on=wanted)
        told = accept(state, acceptance(state), context(business_date=on))[1][0]
        assert isinstance(told, lending.OfferAccepted)
        assert told.disburse_on == expected

    def test_the_same_again_is_answered_with_where_it_stands(self) -> None:
        state = accepted()
        later = loan_opened(state, opened(state), context())[0]
        for known in (state, later):
            after, events = accept(known, acceptance(known), context(business_date=TODAY + timedelta(99)))
            assert after is known
            assert list(events) == [known.status_changed()]

    def test_the_last_day_counts_and_the_next_does_not(self) -> None:
        state = offered()
        assert accept(state, acceptance(state), context(business_date=TODAY + timedelta(7)))[0] is not state
        with pytest.raises(Refused) as caught:
            accept(state, acceptance(state), context(business_date=TODAY + timedelta(8)))
        assert code(caught) == "offer_expired"

    def test_what_cannot_be_accepted_is_refused_with_its_reason(self) -> None:
        state, waiting = offered(), received()
        declined = decided(DESK, waiting, decision(waiting, approved=False), context())[0]
        cases: list[tuple[Application | None, UUID, str]] = [
            (None, uuid4(), "unknown_reference"),
            (waiting, uuid4(), "not_decided"),
            (declined, uuid4(), "declined"),
            (state, uuid4(), "unknown_offer"),
            (accepted(), uuid4(), "unknown_offer"),
            (withdraw(state, withdrawal(), context())[0], acceptance(state).offer_id, "withdrawn"),
            (expire(state, TODAY, context())[0], acceptance(state).offer_id, "offer_expired"),
        ]
        for known, offer_id, expected in cases:
            event = intake.OfferAccepted(reference="SHOP-1", offer_id=offer_id, accepted_at=NOW)
            with pytest.raises(Refused) as caught:
                accept(known, event, context())
            assert code(caught) == expected
            assert caught.value.errors[0].fix


class TestEnd:
    @pytest.mark.parametrize("state", [received(), offered()], ids=["received", "offered"])
    def test_a_withdrawal_ends_it_and_is_answered_again(self, state: Application) -> None:
        after, events = withdraw(state, withdrawal("changed my mind"), context())
        told, status = events
        assert isinstance(told, lending.ApplicationWithdrawn)
        assert told.reason == "changed my mind"
        assert isinstance(status, ApplicationStatusChanged)
        assert status.status is ApplicationStatus.WITHDRAWN
        assert after.ask_again_at is None
        again, answers = withdraw(after, withdrawal(), context())
        assert again is after
        assert list(answers) == [after.status_changed()]

    def test_what_is_over_or_on_its_way_cannot_be_withdrawn(self) -> None:
        waiting = received()
        declined = decided(DESK, waiting, decision(waiting, approved=False), context())[0]
        expired = expire(offered(), TODAY, context())[0]
        cases = [(None, "unknown_reference"), (declined, "already_closed"), (expired, "already_closed")]
        for state, expected in [*cases, (accepted(), "already_accepted")]:
            with pytest.raises(Refused) as caught:
                withdraw(state, withdrawal(), context())
            assert code(caught) == expected

    def test_a_reason_with_control_characters_is_refused(self) -> None:
        with pytest.raises(DataError, match="control_character"):
            withdraw(received(), withdrawal("a\0b"), context())

    def test_expiry_is_told_to_all(self) -> None:
        after, events = expire(offered(), TODAY + timedelta(8), context())
        told, status = events
        assert isinstance(told, lending.ApplicationExpired)
        assert told.expired_on == TODAY + timedelta(8)
        assert isinstance(status, ApplicationStatusChanged)
        assert status.status is ApplicationStatus.EXPIRED
        assert after.offer_open_until is None


class TestLoan:
    def test_the_partner_learns_of_the_loan_and_its_cancellation_once(self) -> None:
        state = accepted()
        first, events = loan_opened(state, opened(state), context())
        assert first.status is ApplicationStatus.LOAN_OPENED
        assert list(events) == [first.status_changed()]
        assert loan_opened(first, opened(state), context())[0] is first
        end, _ = loan_cancelled(first, cancelled(state), context())
        assert end.status_changed().status is ApplicationStatus.LOAN_CANCELLED
        assert end.status_changed().loan_id == UUID(int=5)
        assert loan_cancelled(end, cancelled(state), context())[0] is end
        assert loan_opened(end, opened(state), context())[0] is end

    def test_a_loan_of_an_unknown_application_is_refused(self) -> None:
        state = accepted()
        with pytest.raises(Refused, match="no application"):
            loan_opened(None, opened(state), context())
        with pytest.raises(Refused, match="no application"):
            loan_cancelled(None, cancelled(state), context())


def test_ids_never_change_between_versions() -> None:
    application = ids.application_id("phone-shop", "SHOP-1")
    assert str(application) == "f8734850-3910-5862-a5b5-52ffcb75b51a"
    assert str(ids.offer_id(application, UUID(int=42))) == "36ab2eca-3158-597e-901a-08556a82a1d2"
