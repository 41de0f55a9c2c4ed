"""Reminders when the loan changes: bounced and moved payments, new schedules, charge-off, closing and opening again."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from lendstream.events.loan import LoanEvent, RescheduleReason, ScheduledInstalment
from lendstream.events.notification import SkipReason
from lendstream_notifications.domain.following import follow
from lendstream_notifications.domain.message import State
from lendstream_notifications.domain.plan import Plan
from lendstream_notifications.domain.reminders import open_plan, start_day
from unit.notifications import stories
from unit.notifications.stories import DUE, LOAN, OPENED, RULES, WHOLE, Moment, at

ALL = ("due-3", "due", "due+1", "due+7")
LATER = DUE + timedelta(40)


def told(plan: Plan, *events: LoanEvent, on: date = OPENED) -> Plan:
    """The plan after the events of a day."""
    for event in events:
        plan, _ = follow(plan, event, at(on), rules=RULES)
    return plan


def lived(plan: Plan, first: date, last: date) -> Plan:
    """The plan after all business days from the first to the last."""
    for offset in range((last - first).days + 1):
        day = first + timedelta(offset)
        if plan.next_on is not None and plan.next_on <= day:
            plan, _ = start_day(plan, day, at(day), rules=RULES)
    return plan


def keys(plan: Plan, state: State) -> list[str]:
    return [each.key.split("/", 1)[1] for each in plan.messages if each.state is state and each.instalment]


def reasons(plan: Plan) -> dict[str, str | None]:
    return {each.key.split("/", 1)[1]: each.reason for each in plan.messages if each.state is State.SKIPPED}


def planned(plan: Plan) -> set[str]:
    return {each.key for each in plan.reminders}


def of(instalment: int, names: Iterable[str] = ALL, planned_by: int = 1) -> set[str]:
    after = "" if planned_by == 1 else f"/{planned_by}"
    return {f"{instalment}/{name}{after}" for name in names}


def test_a_bounced_payment_brings_the_reminders_back_under_keys_of_their_own() -> None:
    whole = (1, WHOLE, True)
    plan = told(stories.plan(1), stories.paid(2, whole), stories.undone(3, whole))
    assert reasons(plan) == dict.fromkeys((f"1/{name}" for name in ALL), "paid")
    assert plan.instalments[0].due == WHOLE
    assert planned(plan) == of(1, planned_by=3)
    assert keys(lived(plan, OPENED, LATER), State.QUEUED) == [f"1/{name}/3" for name in ALL]


def test_only_those_come_back_whose_day_is_not_over() -> None:
    whole = (1, WHOLE, True)
    plan = lived(stories.plan(1), OPENED, DUE - timedelta(3))
    plan = told(plan, stories.paid(2, whole), on=DUE - timedelta(2))
    plan = told(plan, stories.undone(3, whole), on=DUE + timedelta(2))
    assert planned(plan) == {"1/due+7/3"}
    assert keys(plan, State.QUEUED) == ["1/due-3"]


def test_one_that_is_meant_for_today_goes_out_today() -> None:
    whole = (1, WHOLE, True)
    plan = told(stories.plan(1), stories.paid(2, whole))
    plan = told(lived(plan, OPENED, DUE), stories.undone(3, whole, on=DUE), on=DUE)
    assert keys(plan, State.QUEUED) == ["1/due/3"]
    assert planned(plan) == of(1, ("due+1", "due+7"), 3)
    plan = told(plan, stories.paid(4, whole), stories.undone(5, whole, on=DUE), on=DUE)
    assert keys(plan, State.QUEUED) == ["1/due/3"]  # it was told today


def test_nobody_is_told_again_of_what_they_were_told_before_the_bounce() -> None:
    whole = (1, WHOLE, True)
    plan = lived(stories.plan(1), OPENED, DUE)
    plan = told(plan, stories.paid(2, whole), stories.undone(3, whole, on=DUE), on=DUE)
    assert keys(plan, State.QUEUED) == ["1/due-3", "1/due"]
    assert planned(plan) == of(1, ("due+1", "due+7"), 3)


def test_a_part_that_is_taken_back_is_due_again_and_plans_nothing_twice() -> None:
    plan = told(stories.plan(1), stories.paid(2, (1, 40_000, False)), stories.undone(3, (1, 40_000, False)))
    assert plan.instalments[0].due == WHOLE
    assert planned(plan) == of(1)


def test_what_servicing_called_settled_counts_as_paid_whole_until_it_is_taken_back() -> None:
    plan = told(stories.plan(1), stories.paid(2, (1, WHOLE - 5, True)))
    assert plan.instalments[0].due == 0
    assert told(plan, stories.undone(3, (1, WHOLE - 5, True))).instalments[0].due == WHOLE - 5


def test_a_payment_that_moves_settles_one_and_opens_the_other() -> None:
    plan = told(stories.plan(2), stories.paid(2, (1, WHOLE, True)))
    plan = told(plan, stories.reallocated(3, ((1, WHOLE, True),), ((2, WHOLE, True),)))
    assert [each.due for each in plan.instalments] == [WHOLE, 0]
    assert planned(plan) == of(1, planned_by=3)
    assert {key for key, reason in reasons(plan).items() if reason == "paid"} == of(1) | of(2)


def test_what_is_waived_is_not_reminded_of_until_the_waiver_is_undone() -> None:
    part = (1, WHOLE, True)
    plan = told(stories.plan(1), stories.waived(2, part))
    assert planned(plan) == set()
    assert planned(told(plan, stories.waiver_undone(3, part))) == of(1, planned_by=3)


def test_reminders_follow_new_dates_and_amounts() -> None:
    plan = told(stories.plan(2), stories.paid(2, (1, 40_000, False)))
    second = DUE + timedelta(30)
    plan = told(plan, stories.rescheduled(3, (1, LATER, WHOLE), (2, second, 70_000), (3, LATER + timedelta(30), 9)))
    assert [(each.number, each.due_date, each.due) for each in plan.instalments] == [
        (1, LATER, WHOLE - 40_000),
        (2, second, 70_000),
        (3, LATER + timedelta(30), 9),
    ]
    assert reasons(plan) == dict.fromkeys(of(1), "rescheduled")
    assert planned(plan) == of(1, planned_by=3) | of(2) | of(3, planned_by=3)
    assert [each.on for each in plan.reminders] == sorted(each.on for each in plan.reminders)
    assert all(each.due_date == LATER for each in plan.reminders if each.instalment == 1)


def test_the_reminders_of_instalments_that_vanish_are_cancelled() -> None:
    plan = told(stories.plan(3), stories.rescheduled(2, (1, DUE, 3 * WHOLE), reason=RescheduleReason.PREPAYMENT))
    assert reasons(plan) == dict.fromkeys(of(2) | of(3), "rescheduled")
    assert planned(plan) == of(1)
    assert not [each for each in plan.messages if each.facts]  # no relief, no message


def test_what_is_paid_on_a_number_counts_when_a_schedule_has_it_again() -> None:
    plan = told(stories.plan(2), stories.paid(2, (2, 40_000, False)))
    plan = told(plan, stories.rescheduled(3, (1, DUE, WHOLE)))
    assert plan.unplaced == {2: 40_000}
    plan = told(plan, stories.reallocated(4, ((2, 40_000, False),), ((3, 40_000, False),)))
    assert plan.unplaced == {3: 40_000}
    plan = told(plan, stories.rescheduled(5, (1, DUE, WHOLE), (2, LATER, WHOLE), (3, LATER, WHOLE)))
    assert [each.due for each in plan.instalments] == [WHOLE, WHOLE, WHOLE - 40_000]
    assert plan.unplaced == {}


def test_a_due_date_that_comes_back_is_not_reminded_of_twice() -> None:
    plan = lived(stories.plan(1), OPENED, DUE - timedelta(3))
    there, back = stories.rescheduled(2, (1, LATER, WHOLE)), stories.rescheduled(3, (1, DUE, WHOLE))
    plan = told(plan, there, back, on=DUE - timedelta(3))
    assert keys(plan, State.QUEUED) == ["1/due-3"]
    assert planned(plan) == of(1, ("due", "due+1", "due+7"), 3)
    assert reasons(plan) == {
        **dict.fromkeys(of(1, ("due", "due+1", "due+7")), "rescheduled"),
        **dict.fromkeys(of(1, planned_by=2), "rescheduled"),
    }


def test_who_was_told_today_is_not_told_of_the_new_date_today() -> None:
    plan = lived(stories.plan(1), OPENED, DUE)
    plan = told(plan, stories.rescheduled(2, (1, DUE + timedelta(3), WHOLE), on=DUE), on=DUE)
    assert keys(plan, State.QUEUED) == ["1/due-3", "1/due"]
    assert planned(plan) == of(1, ("due", "due+1", "due+7"), 2)


def test_a_new_schedule_of_a_line_that_had_none_is_reminded_of() -> None:
    opened = stories.opened(1, instalments=())
    plan, _ = open_plan(None, opened, Moment(), rules=RULES)
    assert plan.next_on is None
    plan = told(plan, stories.rescheduled(2, (1, DUE, WHOLE), reason=RescheduleReason.DRAW))
    assert planned(plan) == of(1, planned_by=2)


def test_a_down_payment_and_an_instalment_of_nothing_are_not_reminded_of() -> None:
    row = ScheduledInstalment(number=0, due_date=OPENED, principal=50_000, interest=0, fee=0)
    free = replace_row(row, number=1, principal=0)
    owed = replace_row(row, number=2, due_date=DUE)
    plan, _ = open_plan(None, stories.opened(instalments=(row, free, owed)), Moment(), rules=RULES)
    assert {each.instalment for each in plan.reminders} == {2}
    assert len(plan.instalments) == 2
    assert planned(told(plan, stories.paid(2, (0, 50_000, True)))) == of(2)


def replace_row(row: ScheduledInstalment, **changes: object) -> ScheduledInstalment:
    return row.model_copy(update=changes)


def test_a_charged_off_loan_has_no_reminders_any_more() -> None:
    plan, events = follow(stories.plan(2), stories.charged_off(2), Moment(), rules=RULES)
    assert {event.reason for event in events} == {SkipReason.CHARGED_OFF}
    assert len(events) == 8
    again = told(plan, stories.paid(3, (1, WHOLE, True)), stories.undone(4, (1, WHOLE, True)))
    assert again.next_on is None
    assert told(again, stories.rescheduled(5, (1, LATER, WHOLE))).next_on is None


def test_a_loan_that_is_opened_again_is_reminded_of_what_is_unpaid() -> None:
    plan = told(stories.plan(2), stories.paid(2, (1, WHOLE, True), (2, WHOLE, True)), stories.closed(3))
    plan = told(plan, stories.undone(4, (2, WHOLE, True)))
    assert planned(plan) == set()
    assert planned(told(plan, stories.reopened(5))) == of(2, planned_by=5)
    other_order = told(stories.plan(2), stories.closed(3), stories.reopened(4))
    assert planned(other_order) == of(1, planned_by=4) | of(2, planned_by=4)


def test_a_debit_order_is_remembered_until_its_money_is_taken_back() -> None:
    plan = told(stories.plan(2), stories.requested(2, 1), stories.paid(3, (1, 5_000, False)))
    assert [each.collect_on for each in plan.instalments] == [DUE, None]
    same = told(plan, stories.rescheduled(4, (1, DUE, WHOLE), (2, LATER, WHOLE)))
    assert [each.collect_on for each in same.instalments] == [DUE, None]
    assert told(plan, stories.rescheduled(4, (1, LATER, WHOLE))).instalments[0].collect_on is None
    assert told(plan, stories.undone(4, (1, 5_000, False))).instalments[0].collect_on is None


@pytest.mark.parametrize(
    "event",
    [
        stories.requested(2, 1),
        stories.paid(2, (1, WHOLE, True)),
        stories.undone(2, (1, WHOLE, True)),
        stories.reallocated(2, ((1, WHOLE, True),), ((2, WHOLE, True),)),
        stories.waived(2, (1, WHOLE, True)),
        stories.waiver_undone(2, (1, WHOLE, True)),
        stories.rescheduled(2, (1, LATER, WHOLE)),
        stories.late_fee(2),
        stories.refund(2),
        stories.hardship(2),
        stories.charged_off(2),
        stories.closed(2),
        stories.reopened(2),
    ],
    ids=lambda event: type(event).__name__,
)
def test_each_event_counts_once(event: LoanEvent) -> None:
    plan = told(stories.plan(2), event)
    assert plan.sequence == 2
    saved = replace(plan, messages=())
    assert follow(saved, event, Moment(), rules=RULES) == (saved, ())
    assert all(each.key.startswith(f"{LOAN}/") for each in plan.messages)
