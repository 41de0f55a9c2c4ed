"""Whatever happens in whatever order: every key has at most one outcome and reaches the customer at most once."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lendstream.envelope import Tombstone
from lendstream.events.base import Event
from lendstream.events.intake import Consents
from lendstream.events.notification import Channel, NotificationFailed, NotificationSent, NotificationSkipped
from lendstream.topics import CUSTOMER, CUSTOMER_KEY
from lendstream_notifications.domain import contact as contacts
from lendstream_notifications.domain import plan as plans
from lendstream_notifications.domain.message import Message, State
from lendstream_notifications.domain.sending import Answer, Delivery, HandOver, Recipient, Retry, conclude, decide
from unit.notifications import stories
from unit.notifications.stories import RULES, Moment

WHOLE = stories.PRINCIPAL + stories.INTEREST
RETRY = Retry(first=timedelta(seconds=1), longest=timedelta(minutes=5), give_up=timedelta(hours=1))
Outcome = NotificationSent | NotificationSkipped | NotificationFailed
SELDOM = st.sampled_from([False] * 9 + [True])
FATES = st.sampled_from(["accepted", "not now", "never", "lost before", "lost after"])
CRASHES = st.sampled_from(["no", "no", "before", "after"])


class Provider:
    """What reaches the customer: texts once a key, mails as often as they are handed over."""

    def __init__(self) -> None:
        self.delivered: Counter[str] = Counter()
        self._texts: set[str] = set()

    def take(self, message: Message, fate: str) -> Answer:
        """Hand over; `fate` is what happens on the way."""
        if fate in ("not now", "lost before"):
            return Answer.NOT_NOW if fate == "not now" else Answer.IN_DOUBT
        if fate == "never" and message.key not in self._texts:
            return Answer.NEVER
        if message.channel is Channel.MAIL or message.key not in self._texts:
            self.delivered[message.key] += 1
        if message.channel is Channel.SMS:
            self._texts.add(message.key)
        return Answer.IN_DOUBT if fate == "lost after" else Answer.ACCEPTED


class Notifications(RuleBasedStateMachine):
    """One loan, one customer, the sender, its crashes, and the days."""

    @initialize(count=st.integers(1, 3), first=st.integers(3, 6), known=st.sampled_from([True, True, True, False]))
    def open(self, count: int, first: int, known: bool) -> None:
        self.day = stories.OPENED
        self.now = stories.NOW
        self.sequence = 1
        self.messages: dict[str, Message] = {}
        self.outcomes: dict[str, Outcome] = {}
        self.provider = Provider()
        self.contact: contacts.Contact | None = stories.contact() if known else None
        self.plan, _ = plans.open_plan(
            None, stories.opened(count, stories.OPENED + timedelta(first)), self.moment, rules=RULES
        )

    @property
    def moment(self) -> Moment:
        return Moment(self.day, self.now)

    def published(self, events: Iterable[Event]) -> None:
        for event in events:
            assert isinstance(event, Outcome)
            assert event.message_key not in self.outcomes
            self.outcomes[event.message_key] = event

    def saved(self, messages: Iterable[Message]) -> None:
        """As the table takes them: a key can be entered once."""
        for message in messages:
            assert message.key not in self.messages
            self.messages[message.key] = message

    def planned(self, result: plans.Planned) -> None:
        plan, events = result
        self.saved(plan.messages)
        self.published(events)
        self.plan = replace(plan, messages=())

    def learned(self, contact: contacts.Contact) -> None:
        self.saved(contact.messages)
        self.contact = replace(contact, messages=())

    @rule(long=SELDOM)
    def day_starts(self, long: bool) -> None:
        self.day += timedelta(4 if long else 1)
        self.now += timedelta(minutes=1)
        if self.plan.next_on is not None and self.plan.next_on <= self.day:
            self.planned(plans.start_day(self.plan, self.day, self.moment, rules=RULES))

    @rule(instalment=st.integers(1, 3), amount=st.integers(1, WHOLE), settled=SELDOM, again=st.booleans())
    def payment(self, instalment: int, amount: int, settled: bool, again: bool) -> None:
        self.sequence += not again
        event = stories.paid(self.sequence, (instalment, amount, settled))
        self.planned(plans.apply_payment(self.plan, event, self.moment, rules=RULES))

    @rule(cancel=st.booleans(), really=SELDOM)
    def loan_ends(self, cancel: bool, really: bool) -> None:
        if not really:
            return
        self.sequence += 1
        event = stories.cancelled(self.sequence) if cancel else stories.closed(self.sequence)
        self.planned(plans.end_plan(self.plan, event, self.moment, rules=RULES))

    @rule(first=st.booleans())
    def article(self, first: bool) -> None:
        if first:
            given = contacts.give_article(
                self.contact, stories.disbursed(), self.moment, rules=RULES, article="first_loan"
            )
        else:
            given = contacts.give_article(
                self.contact, stories.overdue(), self.moment, rules=RULES, article="first_missed"
            )
        self.learned(given)

    @rule(refused=SELDOM)
    def profile_arrives(self, refused: bool) -> None:
        consents = Consents(data_processing=True, reminders=not refused, education=not refused)
        profile = stories.profile(consents=consents, updated_at=self.now)
        self.learned(contacts.learn_profile(self.contact, profile, self.moment))

    @rule()
    def key_arrives(self) -> None:
        self.learned(contacts.learn_key(self.contact, stories.key(), self.moment))

    @rule(whole=st.booleans(), really=SELDOM)
    def erasure(self, whole: bool, really: bool) -> None:
        if not really:
            return
        end = Tombstone(CUSTOMER, str(stories.CUSTOMER), "id", self.now)
        self.learned(contacts.erase_profile(self.contact, end, self.moment))
        if whole:
            end = replace(end, topic=CUSTOMER_KEY)
            self.learned(contacts.erase_key(self.contact, end, self.moment))

    def _decide(self, message: Message, email: bool) -> HandOver | None:
        self.now = max(self.now, message.next_attempt_at)
        step = decide(
            message,
            plan=self.plan if message.instalment else None,
            contact=self.contact,
            today=self.day,
            now=self.now,
            rules=RULES,
            open_profile=lambda _: Recipient("王小明", "+8613800138000", "x@example.com" if email else None),
        )
        self.messages[message.key] = step.message
        self.published(step.events)
        return step.hand_over

    def _conclude(self, message: Message, answer: Answer) -> None:
        step = conclude(
            message,
            Delivery(answer, "reason"),
            now=self.now,
            rules=RULES,
            retry=RETRY,
            repeatable=message.channel is Channel.SMS,
        )
        self.messages[message.key] = step.message
        self.published(step.events)

    @rule(data=st.data(), email=st.booleans(), pause=st.integers(0, 40))
    def day_of_work(self, data: st.DataObject, email: bool, pause: int) -> None:
        self.day_starts(long=False)
        self.sender_works(data, email, pause)

    @rule(data=st.data(), email=st.booleans(), pause=st.integers(0, 40))
    def sender_works(self, data: st.DataObject, email: bool, pause: int) -> None:
        for message in [each for each in self.messages.values() if each.state is State.QUEUED]:
            fate, crash = data.draw(FATES), data.draw(CRASHES)
            hand_over = self._decide(message, email)
            if hand_over is None or crash == "before":
                continue
            answer = self.provider.take(hand_over.message, fate)
            if crash == "no":
                self.now += timedelta(minutes=pause)
                self._conclude(hand_over.message, answer)

    @rule()
    def left_behind_are_found(self) -> None:
        for message in [each for each in self.messages.values() if each.state is State.SENDING]:
            self._conclude(message, Answer.IN_DOUBT)

    @precondition(lambda self: self.messages)
    @rule(really=SELDOM)
    def all_settles(self, really: bool) -> None:
        """With providers that answer and days that pass, every message comes to its outcome."""
        if not really:
            return
        for _ in range(6):
            self.day += timedelta(1)
            for message in list(self.messages.values()):
                if message.state is State.SENDING:
                    self._conclude(message, Answer.IN_DOUBT)
                elif message.state is State.QUEUED and (hand_over := self._decide(message, email=True)):
                    self._conclude(hand_over.message, self.provider.take(hand_over.message, "accepted"))
        assert all(message.finished for message in self.messages.values())

    @invariant()
    def nobody_is_told_twice(self) -> None:
        assert all(count == 1 for count in self.provider.delivered.values())

    @invariant()
    def outcomes_are_true(self) -> None:
        for key, message in self.messages.items():
            assert (key in self.outcomes) is message.finished
        for key, event in self.outcomes.items():
            if isinstance(event, NotificationSent):
                assert self.provider.delivered[key] == 1
            elif isinstance(event, NotificationSkipped) or event.reason != "delivery_unknown":
                assert self.provider.delivered[key] == 0

    @invariant()
    def no_reminder_is_both_planned_and_a_message(self) -> None:
        planned = {f"{stories.LOAN}/{each.instalment}/{each.name}" for each in self.plan.reminders}
        assert not planned & self.messages.keys()
        assert isinstance(self.day, date)


TestNotifications = Notifications.TestCase
TestNotifications.settings = settings(max_examples=500, stateful_step_count=40, deadline=None)
