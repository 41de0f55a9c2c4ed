"""What becomes of a queued message, and that it becomes only one thing."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from lendstream.events.base import Event
from lendstream.events.intake import Consents, Language
from lendstream.events.notification import (
    Channel,
    NotificationFailed,
    NotificationSent,
    NotificationSkipped,
    SkipReason,
)
from lendstream_notifications.domain.contact import Contact
from lendstream_notifications.domain.following import follow
from lendstream_notifications.domain.message import Message, State
from lendstream_notifications.domain.reminders import start_day
from lendstream_notifications.domain.sending import (
    Answer,
    Delivery,
    Recipient,
    Retry,
    Step,
    Unreadable,
    conclude,
    decide,
)
from unit.notifications import stories
from unit.notifications.stories import DUE, NOW, PERSON, RULES, Moment, at

DAY = DUE - timedelta(3)
PLAN, _ = start_day(stories.plan(), DAY, at(DAY), rules=RULES)
REMINDER = PLAN.messages[0]
ARTICLE = replace(REMINDER, key="c/article", kind="article_first_loan", instalment=None, channel=Channel.MAIL)
RETRY = Retry(first=timedelta(seconds=1), longest=timedelta(minutes=5), give_up=timedelta(hours=24))
WHOLE = stories.PRINCIPAL + stories.INTEREST


def decided(message: Message = REMINDER, person: Recipient = PERSON, **changes: Any) -> Step:
    facts: dict[str, Any] = {
        "plan": PLAN,
        "contact": stories.contact(),
        "today": DAY,
        "now": at(DAY).now,
        "open_profile": lambda _: person,
    }
    return decide(message, rules=RULES, **{**facts, **changes})


def reason_of(step: Step) -> SkipReason:
    (event,) = step.events
    assert isinstance(event, NotificationSkipped)
    assert (step.message.state, step.message.finished_at) == (State.SKIPPED, at(DAY).now)
    assert step.hand_over is None
    return event.reason


def failure_of(step: Step) -> NotificationFailed:
    (event,) = step.events
    assert isinstance(event, NotificationFailed)
    assert step.message.state is State.FAILED
    return event


def test_a_wanted_message_is_handed_over_with_what_is_due_now() -> None:
    partly, _ = follow(PLAN, stories.paid(2, (1, 40_000, False)), Moment(), rules=RULES)
    step = decided(plan=partly)
    assert step.events == ()
    assert step.hand_over is not None
    assert step.hand_over.instalment is not None
    assert step.hand_over.instalment.due == WHOLE - 40_000
    assert (step.hand_over.address, step.hand_over.language) == (PERSON.mobile, Language.CHINESE)
    assert (step.message.state, step.message.attempts, step.message.claimed_at) == (State.SENDING, 1, at(DAY).now)


def test_a_payment_that_lands_while_the_message_waits_stops_it() -> None:
    paid, _ = follow(PLAN, stories.paid(2, (1, WHOLE, True)), Moment(), rules=RULES)
    assert reason_of(decided(plan=paid)) is SkipReason.PAID


def test_an_ended_loan_has_no_reminders() -> None:
    ended, _ = follow(PLAN, stories.cancelled(2), Moment(), rules=RULES)
    assert reason_of(decided(plan=ended)) is SkipReason.LOAN_ENDED
    assert reason_of(decided(plan=None)) is SkipReason.LOAN_ENDED


def test_an_article_does_not_depend_on_the_loan() -> None:
    assert decided(ARTICLE, plan=None).hand_over is not None


@pytest.mark.parametrize(
    "erased",
    [replace(stories.contact(), profile_erased=True), replace(stories.contact(), key_erased=True)],
    ids=["profile", "key"],
)
def test_an_erased_customer_gets_nothing(erased: Contact) -> None:
    assert reason_of(decided(contact=erased)) is SkipReason.ERASED
    assert reason_of(decided(ARTICLE, contact=erased)) is SkipReason.ERASED


@pytest.mark.parametrize(
    "contact", [None, Contact(customer_id=stories.CUSTOMER), replace(stories.contact(), key=None)], ids=str
)
def test_an_unknown_customer_is_waited_for_and_then_has_no_address(contact: Contact | None) -> None:
    waiting = decided(contact=contact, today=DAY + timedelta(1))
    assert (waiting.message.state, waiting.events, waiting.hand_over) == (State.QUEUED, (), None)
    assert waiting.message.next_attempt_at > at(DAY).now
    assert reason_of(decided(contact=contact, today=DAY + timedelta(2))) is SkipReason.NO_ADDRESS


def test_the_waits_grow_with_the_time_waited() -> None:
    def wait(after: timedelta) -> timedelta:
        now = REMINDER.created_at + after
        return decided(contact=None, now=now).message.next_attempt_at - now

    assert wait(timedelta(0)) == timedelta(milliseconds=500)
    assert wait(timedelta(seconds=10)) == timedelta(seconds=5)
    assert wait(timedelta(days=1)) == timedelta(minutes=1)


@pytest.mark.parametrize(("late", "out"), [(2, False), (3, True)])
def test_a_reminder_that_waited_too_long_is_out_of_date(late: int, out: bool) -> None:
    step = decided(today=DAY + timedelta(late))
    assert (step.hand_over is None) is out
    if out:
        assert reason_of(step) is SkipReason.OUT_OF_DATE
    assert decided(replace(REMINDER, attempts=1), today=DAY + timedelta(late)).hand_over is not None
    assert decided(ARTICLE, today=DAY + timedelta(late)).hand_over is not None


def test_each_kind_needs_its_own_consent() -> None:
    no_reminders = stories.contact(consents=Consents(data_processing=True, reminders=False))
    no_articles = stories.contact(consents=Consents(data_processing=True, education=False))
    assert reason_of(decided(contact=no_reminders)) is SkipReason.NO_CONSENT
    assert decided(ARTICLE, contact=no_reminders).hand_over is not None
    assert reason_of(decided(ARTICLE, contact=no_articles)) is SkipReason.NO_CONSENT
    assert decided(contact=no_articles).hand_over is not None


def test_without_mail_address_an_article_goes_by_text() -> None:
    person = Recipient("王小明", PERSON.mobile, None)
    step = decided(ARTICLE, person)
    assert (step.message.state, step.message.channel, step.message.fell_back) == (State.QUEUED, Channel.SMS, True)
    again = decided(step.message, person)
    assert again.hand_over is not None
    assert again.hand_over.address == PERSON.mobile


def test_without_any_address_it_is_skipped() -> None:
    person = Recipient("王小明", None, None)
    step = decided(decided(ARTICLE, person).message, person)
    assert reason_of(step) is SkipReason.NO_ADDRESS


def test_a_profile_that_does_not_open_fails_by_name() -> None:
    def unreadable(_: Contact) -> Recipient:
        raise Unreadable

    assert failure_of(decided(open_profile=unreadable)).reason == "profile_unreadable"


def test_a_missing_master_key_is_waited_for() -> None:
    def locked(_: Contact) -> Recipient:
        raise Unreadable(for_now=True)

    assert decided(open_profile=locked).message.state is State.QUEUED
    assert failure_of(decided(open_profile=locked, today=DAY + timedelta(2))).reason == "profile_unreadable"


SENDING = decided().message
MAIL = replace(decided(ARTICLE).message, channel=Channel.MAIL)


def concluded(answer: Answer, message: Message = SENDING, after: timedelta = timedelta(0), **changes: Any) -> Step:
    return conclude(
        message,
        Delivery(answer, "http_500"),
        now=at(DAY).now + after,
        rules=RULES,
        retry=RETRY,
        **{"repeatable": message.channel is Channel.SMS, **changes},
    )


def test_accepted_is_sent() -> None:
    step = concluded(Answer.ACCEPTED)
    (event,) = step.events
    assert isinstance(event, NotificationSent)
    assert (event.channel, event.language, event.message_key) == (Channel.SMS, Language.CHINESE, REMINDER.key)
    assert (step.message.state, step.message.reason, step.message.claimed_at) == (State.SENT, None, None)


def test_not_now_is_tried_again_with_growing_pauses_and_fails_in_the_end() -> None:
    start = at(DAY).now
    pauses = []
    for seconds in (0, 10, 100, 3600):
        step = concluded(Answer.NOT_NOW, after=timedelta(seconds=seconds))
        assert (step.message.state, step.events, step.message.claimed_at) == (State.QUEUED, (), None)
        pauses.append((step.message.next_attempt_at - start).total_seconds() - seconds)
    assert pauses == [1, 5, 50, 300]
    assert failure_of(concluded(Answer.NOT_NOW, after=timedelta(hours=24))).reason == "http_500"


def test_never_falls_back_once_and_then_fails() -> None:
    step = concluded(Answer.NEVER)
    assert (step.message.state, step.message.channel, step.message.first_attempt_at) == (
        State.QUEUED,
        Channel.MAIL,
        None,
    )
    handed = decided(step.message).message
    assert failure_of(concluded(Answer.NEVER, handed)).channel is Channel.MAIL


def test_a_refused_message_with_no_other_address_failed_rather_than_was_skipped() -> None:
    step = concluded(Answer.NEVER)
    assert failure_of(decided(step.message, Recipient("王小明", PERSON.mobile, None))).reason == "http_500"


def test_never_fails_at_once_where_there_is_no_other_channel() -> None:
    kinds = {
        **RULES.kinds,
        "reminder_before_due": RULES.kinds["reminder_before_due"].model_copy(update={"channels": (Channel.SMS,)}),
    }
    only_sms = RULES.model_copy(update={"kinds": kinds})
    step = conclude(SENDING, Delivery(Answer.NEVER, "http_400"), now=NOW, rules=only_sms, retry=RETRY, repeatable=True)
    assert failure_of(step).reason == "http_400"


def test_a_mail_in_doubt_is_never_sent_again() -> None:
    assert failure_of(concluded(Answer.IN_DOUBT, MAIL)).reason == "delivery_unknown"


def test_a_text_in_doubt_is_sent_again_under_its_key() -> None:
    step = concluded(Answer.IN_DOUBT)
    assert (step.message.state, step.message.in_doubt, step.message.key) == (State.QUEUED, True, REMINDER.key)
    assert decided(step.message).hand_over is not None


@pytest.mark.parametrize("answer", [Answer.NEVER, Answer.NOT_NOW, Answer.IN_DOUBT])
def test_doubt_is_never_told_as_anything_else(answer: Answer) -> None:
    doubtful = decided(concluded(Answer.IN_DOUBT).message).message
    assert failure_of(concluded(answer, doubtful, after=timedelta(hours=25))).reason == "delivery_unknown"


def test_a_text_in_doubt_that_is_not_wanted_any_more_is_not_called_skipped() -> None:
    doubtful = concluded(Answer.IN_DOUBT).message
    paid, _ = follow(PLAN, stories.paid(2, (1, WHOLE, True)), Moment(), rules=RULES)
    assert failure_of(decided(doubtful, plan=paid)).reason == "delivery_unknown"
    erased = replace(stories.contact(), key_erased=True)
    assert failure_of(decided(doubtful, contact=erased)).reason == "delivery_unknown"


def test_nothing_shows_a_person_by_accident() -> None:
    step = decided()
    shown = repr(step) + str(step.hand_over) + repr(PERSON)
    for secret in (PERSON.name, PERSON.mobile, PERSON.email):
        assert str(secret) not in shown


def test_every_outcome_is_an_event_about_the_message() -> None:
    for step in (
        concluded(Answer.ACCEPTED),
        concluded(Answer.IN_DOUBT, MAIL),
        decided(contact=replace(stories.contact(), key_erased=True)),
    ):
        event: Event = step.events[0]
        assert isinstance(event, NotificationSent | NotificationFailed | NotificationSkipped)
        assert event.message_key == step.message.key
        assert event.loan_id == step.message.loan_id
        assert step.message.finished


def test_today_is_the_day_of_queueing_before_any_day_started() -> None:
    assert decided(today=None).hand_over is not None
    assert isinstance(DAY, date)
