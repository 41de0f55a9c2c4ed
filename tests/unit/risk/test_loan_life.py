"""The later life of a loan, as risk sees it: new schedules, bounced payments, charge-off, closing and opening again."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lendstream.events.base import Event
from lendstream.events.decision import ApplicationDecided, CustomerPosition
from lendstream.events.intake import LoanOptions, PlannedTranche
from lendstream.events.loan import ClosingReason, LoanOpened
from lendstream.topics import LOAN
from lendstream_risk import policies
from lendstream_risk.domain.customer import Customer
from lendstream_risk.domain.decide import decide
from lendstream_risk.domain.stored import dumps, loads
from lendstream_risk.handlers import HANDLERS
from support.risk import (
    DAY,
    cancelled,
    charged_off,
    closed,
    disbursed,
    late,
    opened,
    overdue,
    paid,
    ready,
    reopened,
    rescheduled,
    undone,
    waived,
)

RULEBOOK = policies.load()


def fold(customer: Customer, *events: Event) -> Customer:
    """The customer after the events, each time stored and read back."""
    for event in events:
        customer = loads(dumps(HANDLERS[type(event)](customer, event, RULEBOOK)[0]))
    return customer


def borrowed(**fields: Any) -> tuple[Customer, LoanOpened]:
    """A customer with a loan of 500,000, just opened."""
    customer, decided = decided_on()
    loan = opened(decided, **fields)
    return fold(customer, loan), loan


def decided_on() -> tuple[Customer, ApplicationDecided]:
    return decide(Customer(), ready(), RULEBOOK)


def standing(customer: Customer) -> CustomerPosition:
    return customer.position(besides="")


def test_every_event_of_the_loan_topic_is_answered() -> None:
    assert set(LOAN.events) <= HANDLERS.keys()


def test_a_new_schedule_sets_what_is_owed_and_the_largest_instalment_to_come() -> None:
    customer, loan = borrowed()
    after = standing(fold(customer, rescheduled(loan, 2, 420_000, 90_000, 30_000, 35_000, 10_000)))
    assert (after.exposure, after.instalments_due) == (420_000, 35_000)


def test_when_nothing_is_to_come_the_last_measure_stays() -> None:
    customer, loan = borrowed()
    after = standing(fold(customer, rescheduled(loan, 2, 90_000, 90_000)))
    assert (after.exposure, after.instalments_due) == (90_000, standing(customer).instalments_due)


def test_a_bounced_payment_is_owed_again_and_a_waiver_is_not() -> None:
    customer, loan = borrowed()
    customer = fold(customer, paid(loan, 2, 300_000), undone(loan, 3, 500_000))
    assert standing(customer).exposure == 500_000
    assert standing(fold(customer, waived(loan, 4, 480_000))).exposure == 480_000


def test_what_risk_does_not_look_at_moves_the_sequence_alone() -> None:
    customer, loan = borrowed()
    after = fold(customer, overdue(loan, 2))
    assert standing(after) == standing(customer)
    assert fold(after, late(loan, 2, 9)) == after


def test_the_first_payout_has_counted_since_the_opening() -> None:
    customer, loan = borrowed()
    assert standing(fold(customer, disbursed(loan, 2, 0, 500_000))) == standing(customer)


def test_a_tranche_is_exposure_before_and_after_it_is_paid_out() -> None:
    options = LoanOptions(tranches=(PlannedTranche(on=DAY, amount=200_000),))
    customer, loan = borrowed(options=options)
    assert standing(customer).exposure == 500_000
    customer = fold(customer, disbursed(loan, 2, 0, 300_000), paid(loan, 3, 250_000))
    assert standing(customer).exposure == 450_000
    customer = fold(customer, disbursed(loan, 4, 1, 200_000))
    assert standing(customer).exposure == 450_000
    assert standing(fold(customer, paid(loan, 5, 440_000))).exposure == 440_000


def test_a_draw_raises_the_principal_and_the_limit_counts_whole() -> None:
    customer, loan = borrowed(limit=600_000)
    customer = fold(customer, paid(loan, 2, 100_000), disbursed(loan, 3, 1, 300_000))
    assert customer.loans[str(loan.loan_id)].principal == 400_000
    assert standing(customer).exposure == 600_000
    assert standing(fold(customer, charged_off(loan, 4))).exposure == 400_000  # nothing more is drawn on it


def test_a_draw_without_a_limit_on_record_raises_the_exposure() -> None:
    customer, loan = borrowed()
    assert standing(fold(customer, disbursed(loan, 2, 1, 50_000))).exposure == 550_000


def test_a_charged_off_loan_stays_owed_past_due_and_counted() -> None:
    customer, loan = borrowed()
    customer = fold(customer, charged_off(loan, 2))
    assert (customer.charged_off, standing(customer).worst_days_past_due) == (1, 181)
    assert standing(customer).exposure == 500_000
    _, asked_again = decide(customer, ready(customer_id=loan.customer_id), RULEBOOK)
    assert "PAST_DUE_WITH_US" in [reason.code for reason in asked_again.reasons]
    customer = fold(customer, charged_off(loan, 3), paid(loan, 4, 0), closed(loan, 5))
    assert (customer.charged_off, standing(customer).loans_repaid, standing(customer).open_loans) == (1, 0, 0)


def test_only_a_loan_repaid_as_agreed_counts_as_repaid() -> None:
    customer, loan = borrowed()
    counted = {reason: standing(fold(customer, closed(loan, 2, reason))).loans_repaid for reason in ClosingReason}
    assert counted == {
        ClosingReason.REPAID: 1,
        ClosingReason.PREPAID: 1,
        ClosingReason.RETURNED: 0,
        ClosingReason.WAIVED: 1,
    }


def test_a_loan_opened_again_is_owed_and_no_longer_repaid() -> None:
    customer, loan = borrowed()
    over = fold(customer, paid(loan, 2, 0), closed(loan, 3))
    again = fold(over, undone(loan, 4, 45_000), reopened(loan, 5, 46_000))
    assert standing(again) == CustomerPosition(
        open_loans=1,
        exposure=45_000,
        instalments_due=standing(customer).instalments_due,
        loans_repaid=0,
        worst_days_past_due=0,
    )
    assert again.ended == {}
    assert standing(fold(again, paid(loan, 6, 0), closed(loan, 7))) == standing(over)


def test_a_reopening_that_comes_before_the_bounce_counts_the_whole_until_then() -> None:
    customer, loan = borrowed()
    customer = fold(customer, paid(loan, 2, 0), closed(loan, 3), reopened(loan, 4, 46_000))
    assert standing(customer).exposure == 46_000
    assert standing(fold(customer, undone(loan, 5, 45_000))).exposure == 45_000


def test_a_returned_loan_opened_again_takes_nothing_off_the_count() -> None:
    customer, loan = borrowed()
    customer = fold(customer, closed(loan, 2, ClosingReason.RETURNED), reopened(loan, 3, 46_000))
    assert (standing(customer).loans_repaid, standing(customer).open_loans) == (0, 1)


def test_a_late_copy_of_a_reopening_does_not_open_the_loan_a_second_time() -> None:
    customer, loan = borrowed()
    story = [paid(loan, 2, 0), closed(loan, 3), reopened(loan, 4, 9_000), closed(loan, 5)]
    customer = fold(customer, *story)
    assert fold(customer, *story) == customer
    assert fold(customer, reopened(loan, 4, 9_000)) == customer


def test_a_loan_of_a_state_of_version_1_can_be_opened_again() -> None:
    _, decided = decided_on()
    loan = opened(decided)
    old = loads(f'{{"version":1,"loans_repaid":2,"ended":{{"{loan.loan_id}":"{loan.application_id}"}}}}'.encode())
    seen_again = fold(old, loan, paid(loan, 2, 7), closed(loan, 3))
    for state in (old, seen_again):
        assert standing(state) == standing(old)
        again = standing(fold(state, undone(loan, 4, 45_000), reopened(loan, 5, 46_000)))
        assert (again.open_loans, again.exposure, again.instalments_due, again.loans_repaid) == (1, 45_000, 46_000, 1)


def test_a_loan_of_version_1_that_did_not_count_takes_nothing_off_the_count() -> None:
    loan = opened(decided_on()[1])
    old = loads(f'{{"version":1,"loans_repaid":0,"ended":{{"{loan.loan_id}":"{loan.application_id}"}}}}'.encode())
    assert standing(fold(old, reopened(loan, 4, 46_000))).loans_repaid == 0


KINDS = (
    lambda loan, at, amount: paid(loan, at, amount),
    lambda loan, at, amount: undone(loan, at, amount),
    lambda loan, at, amount: waived(loan, at, amount),
    lambda loan, at, amount: late(loan, at, amount % 100),
    lambda loan, at, amount: overdue(loan, at),
    lambda loan, at, amount: disbursed(loan, at, amount % 3, amount + 1),
    lambda loan, at, amount: rescheduled(loan, at, amount, amount, amount // 2),
    lambda loan, at, amount: charged_off(loan, at, amount % 300),
    lambda loan, at, amount: closed(loan, at, list(ClosingReason)[amount % 4]),
    lambda loan, at, amount: reopened(loan, at, amount),
    lambda loan, at, amount: cancelled(loan, at),
)
STORIES = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 500_000)), max_size=12)
LOANS = st.lists(STORIES, min_size=1, max_size=2)


def told(lives: list[list[tuple[object, int]]]) -> list[Event]:
    """The events of a customer's loans, one loan after the other."""
    found: list[Event] = []
    for life in lives:
        loan = opened(decided_on()[1])
        found += [loan, *(make(loan, at, amount) for at, (make, amount) in enumerate(life, 2))]  # type: ignore[operator]
    return found


@given(LOANS, st.lists(st.tuples(st.integers(0, 8), st.integers(0, 12)), max_size=4))
def test_any_story_with_repetitions_ends_like_the_story(
    lives: list[list[tuple[object, int]]], winding: list[tuple[int, int]]
) -> None:
    """At-least-once delivery winds back to an earlier event and goes on from there, any number of times."""
    story = told(lives)
    customer, at = Customer(), 0
    for forth, back in winding:
        customer = fold(customer, *story[at : at + forth])
        at = max(min(at + forth, len(story)) - back, 0)
    assert fold(customer, *story[at:]) == fold(Customer(), *story)


@given(LOANS, st.data())
def test_any_copies_of_what_was_seen_change_nothing(lives: list[list[tuple[object, int]]], data: st.DataObject) -> None:
    story = told(lives)
    customer = fold(Customer(), *story)
    copies = data.draw(st.lists(st.sampled_from(story), max_size=6))
    assert fold(customer, *copies) == customer


@given(LOANS)
def test_the_counts_are_those_of_the_loans(lives: list[list[tuple[object, int]]]) -> None:
    customer = fold(Customer(), *told(lives))
    assert customer.loans_repaid == sum(each.repaid for each in customer.ended.values())
    loans = [*customer.loans.values(), *(each.loan for each in customer.ended.values())]
    assert customer.charged_off == sum(loan.charged_off for loan in loans)
    assert len(loans) == len(lives)
    assert all(min(loan.principal, loan.to_come, loan.exposure) >= 0 for loan in loans)
