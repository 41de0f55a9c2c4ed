"""Messages about what happened to a loan: what they tell, once each, and not when it is long past."""

from datetime import date, timedelta

import pytest

from lendstream.events.loan import ClosingReason, LoanEvent, RescheduleReason
from lendstream.events.notification import Channel, SkipReason
from lendstream_notifications.domain.following import follow
from lendstream_notifications.domain.message import Facts, Message, State
from lendstream_notifications.domain.plan import Plan
from unit.notifications import stories
from unit.notifications.stories import CUSTOMER, DUE, LOAN, NOW, OPENED, RULES, WHOLE, Moment, at

SECOND, THIRD = DUE + timedelta(30), DUE + timedelta(60)


def notices(plan: Plan) -> list[Message]:
    return [each for each in plan.messages if each.facts is not None]


def notice(event: LoanEvent, plan: Plan | None = None) -> Message:
    after, _ = follow(plan or stories.plan(), event, Moment(), rules=RULES)
    (found,) = notices(after)
    return found


def test_a_late_fee_is_told_with_its_instalment() -> None:
    assert notice(stories.late_fee(2)) == Message(
        key=f"{LOAN}/late_fee_charged/2",
        customer_id=CUSTOMER,
        loan_id=LOAN,
        kind="late_fee_charged",
        planned_for=OPENED,
        queued_on=OPENED,
        channel=Channel.SMS,
        created_at=NOW,
        next_attempt_at=NOW,
        facts=Facts(amounts={"amount": 2_000}, numbers={"instalment": 1}),
        correlation_id="story",
    )


def test_relief_is_told_with_old_and_new_instalments_and_dates() -> None:
    holiday = (1, DUE, 0)  # nothing to pay in the first month
    told = notice(stories.rescheduled(2, holiday, (2, SECOND, 60_000), (3, THIRD, 60_000), (4, THIRD, 60_000)))
    assert told.kind == "relief_agreed"
    assert told.facts == Facts(
        amounts={"old_amount": WHOLE, "amount": 60_000},
        days={"due_date": SECOND, "old_last": THIRD, "last": THIRD},
        numbers={"left": 3},
    )


def test_relief_when_all_of_the_old_plan_is_past_due_compares_the_last_instalment() -> None:
    plan, _ = follow(stories.plan(1), stories.requested(2), Moment(), rules=RULES)
    told = notice(stories.rescheduled(3, (1, DUE, WHOLE), (2, THIRD, 20_000), on=SECOND), plan)
    assert told.facts
    assert told.facts.amounts == {"old_amount": WHOLE, "amount": 20_000}
    assert told.facts.numbers == {"left": 1}


@pytest.mark.parametrize("reason", [each for each in RescheduleReason if each is not RescheduleReason.RESTRUCTURE])
def test_other_new_schedules_are_not_told_as_relief(reason: RescheduleReason) -> None:
    event = stories.rescheduled(2, (1, THIRD, WHOLE), reason=reason)
    assert notices(follow(stories.plan(), event, Moment(), rules=RULES)[0]) == []


def test_a_bounced_payment_is_told_with_its_day() -> None:
    told = notice(stories.undone(2, (1, 40_000, False)))
    assert (told.kind, told.instalment) == ("payment_bounced", None)
    assert told.facts == Facts(amounts={"amount": 40_000}, days={"value_date": OPENED})


def test_a_refund_is_told_also_after_the_loan_is_closed() -> None:
    plan, _ = follow(stories.plan(), stories.closed(2, credit=5_000), Moment(), rules=RULES)
    (thanks,) = notices(plan)
    assert thanks.facts == Facts(amounts={"credit": 5_000}, days={"closed_on": OPENED}, words={"reason": "repaid"})
    plan, _ = follow(plan, stories.refund(3), Moment(), rules=RULES)
    assert [each.kind for each in notices(plan)] == ["loan_closed", "refund_requested"]


@pytest.mark.parametrize("reason", list(ClosingReason))
def test_a_closing_says_how_the_loan_ended(reason: ClosingReason) -> None:
    facts = notice(stories.closed(2, reason)).facts
    assert facts
    assert facts.words == {"reason": reason.value}
    assert facts.amounts == {}


def test_a_cancelled_loan_is_not_thanked_for() -> None:
    assert notices(follow(stories.plan(), stories.cancelled(2), Moment(), rules=RULES)[0]) == []


def test_a_request_for_relief_is_confirmed_without_repeating_the_customers_words() -> None:
    told = notice(stories.hardship(2))
    assert told.facts == Facts(days={"requested_on": OPENED})
    assert "三周" not in repr(told)


@pytest.mark.parametrize("event", [stories.late_fee, stories.refund, stories.hardship], ids=lambda make: make.__name__)
@pytest.mark.parametrize(("late", "told"), [(0, True), (RULES.notice_days, True), (RULES.notice_days + 1, False)])
def test_what_is_long_past_is_out_of_date(event: type, late: int, told: bool) -> None:
    today: date = OPENED + timedelta(late)
    plan, skipped = follow(stories.plan(), event(2, on=OPENED), at(today), rules=RULES)
    (message,) = notices(plan)
    assert (message.state is State.QUEUED) is told
    assert [each.reason for each in skipped] == ([] if told else [SkipReason.OUT_OF_DATE])


def test_what_the_rules_leave_out_is_not_told() -> None:
    quiet = RULES.model_copy(update={"notices": {}})
    assert follow(stories.plan(), stories.late_fee(2), Moment(), rules=quiet)[0].messages == ()
