"""Reminders: planned from the schedule, skipped when paid or ended, queued once on their day."""

from datetime import date, timedelta

import pytest

from lendstream.errors import Refused
from lendstream.events.notification import Channel, SkipReason
from lendstream_notifications.domain.following import follow
from lendstream_notifications.domain.message import Message, State
from lendstream_notifications.domain.plan import Plan
from lendstream_notifications.domain.reminders import open_plan, start_day
from unit.notifications import stories
from unit.notifications.stories import DUE, INTEREST, LOAN, PRINCIPAL, RULES, Moment, at

WHOLE = PRINCIPAL + INTEREST


def queued(plan: Plan) -> list[str]:
    """The names of the reminders that were queued, as instalment/name."""
    return [each.key.split("/", 1)[1] for each in plan.messages if each.state is State.QUEUED]


def skipped(plan: Plan) -> dict[str, str | None]:
    return {each.key.split("/", 1)[1]: each.reason for each in plan.messages if each.state is State.SKIPPED}


def test_every_instalment_gets_its_four_reminders() -> None:
    plan = stories.plan(2)
    assert [(each.instalment, each.name, each.on - DUE) for each in plan.reminders] == [
        (1, "due-3", timedelta(-3)),
        (1, "due", timedelta(0)),
        (1, "due+1", timedelta(1)),
        (1, "due+7", timedelta(7)),
        (2, "due-3", timedelta(27)),
        (2, "due", timedelta(30)),
        (2, "due+1", timedelta(31)),
        (2, "due+7", timedelta(37)),
    ]
    assert plan.next_on == DUE - timedelta(3)
    assert [each.due for each in plan.instalments] == [WHOLE, WHOLE]


def test_opening_again_changes_nothing() -> None:
    plan = stories.plan()
    assert open_plan(plan, stories.opened(sequence=1), Moment(), rules=RULES) == (plan, ())


def test_a_day_queues_what_has_come_due_in_the_preferred_channel() -> None:
    day = DUE - timedelta(3)
    plan, events = start_day(stories.plan(), day, at(day), rules=RULES)
    (message,) = plan.messages
    assert events == ()
    assert message == Message(
        key=f"{LOAN}/1/due-3",
        customer_id=stories.CUSTOMER,
        loan_id=LOAN,
        instalment=1,
        due_date=DUE,
        kind="reminder_before_due",
        planned_for=day,
        queued_on=day,
        channel=Channel.SMS,
        created_at=at(day).now,
        next_attempt_at=at(day).now,
        correlation_id="story",
    )
    assert plan.next_on == DUE
    assert len(plan.reminders) == 11


def test_days_before_the_first_reminder_queue_nothing() -> None:
    assert stories.plan().next_on == DUE - timedelta(3)  # no day before it finds the plan due


def test_of_several_that_have_come_due_only_the_latest_goes_out() -> None:
    day = DUE + timedelta(1)
    plan, events = start_day(stories.plan(), day, at(day), rules=RULES)
    assert queued(plan) == ["1/due+1"]
    assert skipped(plan) == {"1/due-3": "out_of_date", "1/due": "out_of_date"}
    assert [event.reason for event in events] == [SkipReason.OUT_OF_DATE] * 2


@pytest.mark.parametrize(("late", "goes_out"), [(0, True), (2, True), (3, False)])
def test_a_reminder_is_worth_sending_up_to_two_days_late(late: int, goes_out: bool) -> None:
    day = DUE + timedelta(7 + late)
    plan, _ = start_day(stories.plan(), day, at(day), rules=RULES)
    assert (queued(plan) == ["1/due+7"]) is goes_out
    assert ("1/due+7" in skipped(plan)) is not goes_out


def test_instalments_do_not_shadow_each_other() -> None:
    plan = stories.plan(2, DUE)
    day = DUE + timedelta(37)
    plan, _ = start_day(plan, day, at(day), rules=RULES)
    assert queued(plan) == ["2/due+7"]
    assert len(skipped(plan)) == 7
    assert plan.next_on is None


def test_a_payment_that_settles_skips_the_rest_of_the_instalment() -> None:
    plan, events = follow(stories.plan(), stories.paid(2, (1, WHOLE, True)), Moment(), rules=RULES)
    assert skipped(plan) == dict.fromkeys(("1/due-3", "1/due", "1/due+1", "1/due+7"), "paid")
    assert {(event.instalment, event.kind, event.reason) for event in events} == {
        (1, "reminder_before_due", SkipReason.PAID),
        (1, "reminder_due", SkipReason.PAID),
        (1, "reminder_overdue_1", SkipReason.PAID),
        (1, "reminder_overdue_7", SkipReason.PAID),
    }
    assert plan.next_on == DUE + timedelta(27)


def test_what_was_queued_before_the_payment_is_left_to_the_sender() -> None:
    day = DUE - timedelta(3)
    plan, _ = start_day(stories.plan(1), day, at(day), rules=RULES)
    plan, events = follow(plan, stories.paid(2, (1, WHOLE, True)), at(day), rules=RULES)
    assert queued(plan) == ["1/due-3"]
    assert {event.message_key for event in events} == {f"{LOAN}/1/{name}" for name in ("due", "due+1", "due+7")}


def test_a_part_payment_lowers_what_is_due_and_skips_nothing() -> None:
    plan, events = follow(stories.plan(), stories.paid(2, (1, 40_000, False)), Moment(), rules=RULES)
    assert (plan.instalments[0].due, events) == (WHOLE - 40_000, ())
    plan, _ = follow(plan, stories.paid(3, (1, 1_500, False)), Moment(), rules=RULES)
    assert plan.instalments[0].due == WHOLE - 41_500


def test_what_servicing_calls_settled_is_settled() -> None:
    plan, _ = follow(stories.plan(), stories.paid(2, (1, WHOLE - 5, True)), Moment(), rules=RULES)
    assert plan.instalments[0].due == 0


def test_one_payment_may_settle_several() -> None:
    plan, events = follow(
        stories.plan(), stories.paid(2, (1, WHOLE, True), (2, WHOLE, True), (3, 5, False)), Moment(), rules=RULES
    )
    assert len(events) == 8
    assert {each.instalment for each in plan.reminders} == {3}


@pytest.mark.parametrize("end", [stories.closed, stories.cancelled])
def test_the_end_of_the_loan_skips_the_rest(end: type) -> None:
    plan, _ = follow(stories.plan(), stories.paid(2, (1, WHOLE, True)), Moment(), rules=RULES)
    plan, events = follow(plan, end(3), Moment(), rules=RULES)
    assert plan.ended
    assert plan.reminders == ()
    assert {event.reason for event in events} == {SkipReason.LOAN_ENDED}
    assert len(events) == 8


def test_an_event_seen_again_changes_nothing() -> None:
    plan, _ = follow(stories.plan(), stories.paid(2, (1, 40_000, False)), Moment(), rules=RULES)
    assert follow(plan, stories.paid(2, (1, 40_000, False)), Moment(), rules=RULES) == (plan, ())
    ended, _ = follow(plan, stories.closed(3), Moment(), rules=RULES)
    assert follow(ended, stories.closed(3), Moment(), rules=RULES) == (ended, ())


def test_an_event_of_an_unknown_loan_is_refused() -> None:
    with pytest.raises(Refused, match="never opened"):
        follow(None, stories.paid(2, (1, 1, False)), Moment(), rules=RULES)
    with pytest.raises(Refused, match="never opened"):
        follow(None, stories.closed(2), Moment(), rules=RULES)


def test_a_reminder_that_was_due_before_the_loan_opened_still_goes_out_if_it_is_fresh() -> None:
    soon = stories.OPENED + timedelta(2)
    plan, _ = start_day(stories.plan(1, soon), stories.OPENED, Moment(), rules=RULES)
    assert queued(plan) == ["1/due-3"]


def test_a_month_of_days_in_order_queues_each_once() -> None:
    plan = stories.plan(1)
    for offset in range(60):
        day = date(2026, 3, 2) + timedelta(offset)
        if plan.next_on is not None and plan.next_on <= day:
            plan, _ = start_day(plan, day, at(day), rules=RULES)
    assert queued(plan) == ["1/due-3", "1/due", "1/due+1", "1/due+7"]
    assert skipped(plan) == {}
