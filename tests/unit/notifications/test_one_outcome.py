"""Whatever happens in whatever order: every key has at most one outcome and reaches the customer at most once."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lendstream.envelope import Tombstone
from lendstream.events.base import Event
from lendstream.events.intake import Consents
from lendstream.events.loan import LoanEvent, RescheduleReason
from lendstream.events.notification import Channel, NotificationFailed, NotificationSent, NotificationSkipped
from lendstream.topics import CUSTOMER, CUSTOMER_KEY
from lendstream_notifications.domain import contact as contacts
from lendstream_notifications.domain import reminders
from lendstream_notifications.domain.following import follow
from lendstream_notifications.domain.message import Message, State
from lendstream_notifications.domain.plan import Planned
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
        self.plan, _ = reminders.open_plan(
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

    def planned(self, result: Planned) -> None:
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
            self.planned(reminders.start_day(self.plan, self.day, self.moment, rules=RULES))

    @rule(instalment=st.integers(1, 3), amount=st.integers(1, WHOLE), settled=SELDOM, again=st.booleans())
    def payment(self, instalment: int, amount: int, settled: bool, again: bool) -> None:
        self.sequence += not again
        event = stories.paid(self.sequence, (instalment, amount, settled))
        self.follow(event)

    def follow(self, event: LoanEvent) -> None:
        self.planned(follow(self.plan, event, self.moment, rules=RULES))

    @rule(instalment=st.integers(1, 4), amount=st.integers(1, WHOLE), waiver=st.booleans())
    def taken_back(self, instalment: int, amount: int, waiver: bool) -> None:
        self.sequence += 1
        part = (instalment, amount, False)
        self.follow(
            stories.waiver_undone(self.sequence, part) if waiver else stories.undone(self.sequence, part, on=self.day)
        )

    @rule(instalment=st.integers(1, 4), amount=st.integers(1, WHOLE), settled=SELDOM)
    def waived(self, instalment: int, amount: int, settled: bool) -> None:
        self.sequence += 1
        self.follow(stories.waived(self.sequence, (instalment, amount, settled)))

    @rule(one=st.integers(1, 4), other=st.integers(1, 4), amount=st.integers(1, WHOLE), settled=SELDOM)
    def moved(self, one: int, other: int, amount: int, settled: bool) -> None:
        self.sequence += 1
        self.follow(stories.reallocated(self.sequence, ((one, amount, False),), ((other, amount, settled),)))

    @rule(
        rows=st.lists(st.tuples(st.integers(-10, 30), st.sampled_from([0, 5_000, WHOLE])), max_size=4),
        reason=st.sampled_from(list(RescheduleReason)),
        again=st.booleans(),
    )
    def another_schedule(self, rows: list[tuple[int, int]], reason: RescheduleReason, again: bool) -> None:
        """Days are counted from the opening, so that a date of before may come back."""
        self.sequence += not again
        schedule = [(number, stories.OPENED + timedelta(due), amount) for number, (due, amount) in enumerate(rows, 1)]
        self.follow(stories.rescheduled(self.sequence, *schedule, on=self.day, reason=reason))

    @rule(instalment=st.integers(1, 3))
    def debit_is_ordered(self, instalment: int) -> None:
        self.sequence += 1
        self.follow(stories.requested(self.sequence, instalment, on=self.day))

    @rule(
        make=st.sampled_from([stories.late_fee, stories.refund, stories.hardship]),
        old=SELDOM,
        again=st.booleans(),
    )
    def something_happens(self, make: Callable[..., LoanEvent], old: bool, again: bool) -> None:
        self.sequence += not again
        self.follow(make(self.sequence, on=self.day - timedelta(30 if old else 0)))

    @rule(really=SELDOM)
    def given_up(self, really: bool) -> None:
        if not really:
            return
        self.sequence += 1
        self.follow(stories.charged_off(self.sequence))

    @precondition(lambda self: self.plan.ended)
    @rule()
    def owed_again(self) -> None:
        self.sequence += 1
        self.follow(stories.reopened(self.sequence))

    @rule(cancel=st.booleans(), really=SELDOM)
    def loan_ends(self, cancel: bool, really: bool) -> None:
        if not really:
            return
        self.sequence += 1
        self.follow(stories.cancelled(self.sequence) if cancel else stories.closed(self.sequence, on=self.day))

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
            plan=self.plan if message.loan_id else None,
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
    def no_due_date_is_reminded_of_twice_in_one_way(self) -> None:
        sent = Counter(
            (each.instalment, each.kind, each.due_date)
            for each in self.messages.values()
            if each.instalment and each.state not in (State.SKIPPED, State.FAILED)
        )
        assert all(count == 1 for count in sent.values()), sent

    @invariant()
    def nobody_is_told_twice_on_a_day_about_one_instalment(self) -> None:
        queued = Counter(
            (each.instalment, each.queued_on)
            for each in self.messages.values()
            if each.instalment and each.state is not State.SKIPPED
        )
        assert all(count == 1 for count in queued.values()), queued

    @invariant()
    def no_reminder_is_both_planned_and_a_message(self) -> None:
        planned = [f"{stories.LOAN}/{each.key}" for each in self.plan.reminders]
        assert not set(planned) & self.messages.keys()
        assert len({each.slot for each in self.plan.reminders}) == len(planned)
        assert planned == [f"{stories.LOAN}/{each.key}" for each in sorted(self.plan.reminders, key=lambda e: e.on)]
        assert isinstance(self.day, date)

    @invariant()
    def what_is_unpaid_is_reminded_of(self) -> None:
        """From tomorrow on exactly the reminders are planned that the schedule and what is unpaid of it ask for."""
        stopped = self.plan.ended or self.plan.charged_off
        wanted = {
            (each.number, rule.name, each.due_date)
            for each in self.plan.instalments
            for rule in RULES.reminders
            if each.due and not stopped and each.due_date + timedelta(rule.days) > self.day
        }
        assert {each.slot for each in self.plan.reminders if each.on > self.day} == wanted


TestNotifications = Notifications.TestCase
TestNotifications.settings = settings(max_examples=500, stateful_step_count=40, deadline=None)
