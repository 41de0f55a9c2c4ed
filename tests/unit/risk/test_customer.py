"""What risk knows of a customer, folded from events: once each, in any repetition."""

from collections.abc import Callable
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lendstream.errors import Refused
from lendstream.events.application import ApplicationReady
from lendstream.events.base import Event
from lendstream.events.decision import ApplicationDecided
from lendstream_risk import policies
from lendstream_risk.domain.customer import Customer
from lendstream_risk.domain.decide import RECENT, decide
from lendstream_risk.handlers import HANDLERS
from support.risk import cancelled, closed, expired, late, opened, paid, ready, withdrawn

RULEBOOK = policies.load()


def fold(customer: Customer, *events: Event) -> Customer:
    for event in events:
        customer, _ = HANDLERS[type(event)](customer, event, RULEBOOK)
    return customer


def approved(**fields: object) -> tuple[Customer, ApplicationReady, ApplicationDecided]:
    asked = ready(**fields)
    customer, decided = decide(Customer(), asked, RULEBOOK)
    assert decided.terms
    return customer, asked, decided


def owed(customer: Customer) -> tuple[int, int, int]:
    position = customer.position(besides="")
    return position.open_loans, position.exposure, position.loans_repaid


def test_an_approval_is_committed_until_it_becomes_a_loan() -> None:
    customer, _, decided = approved()
    position = customer.position(besides="")
    assert (position.open_loans, position.exposure) == (1, 500_000)
    assert position.instalments_due > 500_000 // 12
    customer = fold(customer, opened(decided))
    assert owed(customer) == (1, 500_000, 0)
    assert not customer.commitments


def test_a_decline_commits_nothing_and_is_remembered() -> None:
    customer, decided = decide(Customer(), ready(currency="USD"), RULEBOOK)
    assert owed(customer) == (0, 0, 0)
    assert str(decided.application_id) in customer.decided


@pytest.mark.parametrize("end", [withdrawn, expired])
def test_a_withdrawn_or_expired_offer_is_free_again(end: Callable[[ApplicationReady], Event]) -> None:
    customer, asked, _ = approved()
    customer = fold(customer, end(asked))
    assert owed(customer) == (0, 0, 0)
    assert fold(customer, end(asked)) == customer


def test_payments_lower_the_exposure_and_closing_counts_as_repaid() -> None:
    customer, _, decided = approved()
    loan = opened(decided)
    customer = fold(customer, loan, paid(loan, 3, 300_000))
    assert owed(customer) == (1, 300_000, 0)
    customer = fold(customer, late(loan, 4, 5))
    assert customer.position(besides="").worst_days_past_due == 5
    customer = fold(customer, late(loan, 5, 0), paid(loan, 6, 0), closed(loan, 7))
    assert owed(customer) == (0, 0, 1)
    assert customer.position(besides="").worst_days_past_due == 0


def test_a_cancelled_loan_frees_the_exposure_and_is_not_repaid() -> None:
    customer, _, decided = approved()
    loan = opened(decided)
    assert owed(fold(customer, loan, cancelled(loan, 2))) == (0, 0, 0)


def test_a_customer_with_a_loan_past_due_gets_no_other() -> None:
    customer, asked, decided = approved()
    loan = opened(decided)
    customer = fold(customer, loan, late(loan, 2, 12))
    _, second = decide(customer, ready(customer_id=asked.customer_id), RULEBOOK)
    assert [reason.code for reason in second.reasons] == ["PAST_DUE_WITH_US"]


def test_two_applications_in_a_row_do_not_both_get_the_whole_limit() -> None:
    customer, _, first = approved(amount=2_000_000)
    customer, second = decide(customer, ready(amount=2_000_000), RULEBOOK)
    customer, third = decide(customer, ready(amount=2_000_000), RULEBOOK)
    assert first.terms
    assert second.terms
    assert [reason.code for reason in third.reasons] == ["EXPOSURE_LIMIT"]
    assert customer.position(besides="").exposure <= first.terms.limit


def test_an_event_of_a_loan_never_opened_is_refused() -> None:
    _, _, decided = approved()
    with pytest.raises(Refused, match="has not been opened"):
        fold(Customer(), paid(opened(decided), 3, 1))


def test_the_same_question_gets_the_same_answer_to_the_byte() -> None:
    customer, asked, decided = approved(attempt=1)
    later = fold(customer, opened(decided))
    again, repeated = decide(later, asked.model_copy(update={"attempt": 3}), RULEBOOK)
    assert repeated.model_dump_json() == decided.model_dump_json()
    assert again is later


def test_the_same_application_with_other_facts_is_refused() -> None:
    customer, asked, _ = approved()
    with pytest.raises(Refused, match="decided on other facts"):
        decide(customer, asked.model_copy(update={"amount": 600_000}), RULEBOOK)


def test_a_loan_seen_before_its_question_is_not_committed_twice() -> None:
    _, asked, decided = approved()
    loan = opened(decided)
    for events in ([loan], [loan, closed(loan, 2)], [loan, cancelled(loan, 2)]):
        before = fold(Customer(), *events)
        customer, late_answer = decide(before, asked, RULEBOOK)
        assert late_answer.decision_id == decided.decision_id
        assert owed(customer) == owed(before)


def test_so_many_decisions_are_remembered() -> None:
    customer = Customer()
    asked = [ready(currency="USD") for _ in range(RECENT + 3)]
    for each in asked:
        customer, _ = decide(customer, each, RULEBOOK)
    assert list(customer.decided) == [str(each.application_id) for each in asked[-RECENT:]]


def test_no_order_of_a_loans_replayed_events_changes_the_state() -> None:
    customer, _, decided = approved()
    loan = opened(decided)
    story: list[Event] = [loan, paid(loan, 3, 400_000), late(loan, 4, 9), paid(loan, 5, 350_000)]
    customer = fold(customer, *story)
    for replayed in permutations(story):
        assert fold(customer, *replayed) == customer


@given(st.integers(0, 3), st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=5))
def test_a_story_with_repetitions_ends_like_the_story(ending: int, winding: list[tuple[int, int]]) -> None:
    """At-least-once delivery winds back to an earlier event and goes on from there, any number of times."""
    asked = ready()
    _, decided = decide(Customer(), asked, RULEBOOK)
    loan = opened(decided)
    end = [closed(loan, 6), cancelled(loan, 6), withdrawn(asked), late(loan, 6, 3)][ending]
    story: list[Event] = [asked, loan, paid(loan, 3, 400_000), late(loan, 4, 9), late(loan, 5, 0), end]
    customer, at = Customer(), 0
    for forth, back in winding:
        customer = fold(customer, *story[at : at + forth])
        at = max(at + forth - back, 0)
    assert fold(customer, *story[at:]) == fold(Customer(), *story)
