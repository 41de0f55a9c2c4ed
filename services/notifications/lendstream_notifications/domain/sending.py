"""What becomes of a queued message: whether it is still wanted, where it goes, and what follows from the answer.

    queued --decide--> skipped | queued, later | sending --hand over--> conclude --> sent | failed | queued, later

`decide` looks at the plan and the customer as they are at that moment, so a payment that lands while a message waits
still stops it, and so does another due date. `conclude` is given what the provider said; a try that nobody answered
may have gone out: where the provider delivers a key once, it is tried again, otherwise it is never sent twice but
reported.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum

from lendstream.events.base import Event
from lendstream.events.intake import Language
from lendstream.events.notification import Channel, NotificationFailed, NotificationSent, SkipReason
from lendstream_notifications.domain.contact import Contact
from lendstream_notifications.domain.message import Message, State, skip
from lendstream_notifications.domain.plan import Instalment, Plan
from lendstream_notifications.domain.rules import Rules

DELIVERY_UNKNOWN = "delivery_unknown"
PROFILE_UNREADABLE = "profile_unreadable"
_SHORTEST_WAIT = timedelta(milliseconds=500)
_LONGEST_WAIT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Recipient:
    """The person, in clear: lives only from the moment of handing over to its end."""

    name: str
    mobile: str | None
    email: str | None

    def address(self, channel: Channel) -> str | None:
        """Where the channel reaches them."""
        return self.email if channel is Channel.MAIL else self.mobile

    def __repr__(self) -> str:
        return "Recipient(...)"


class Unreadable(Exception):
    """The profile does not open with its key; `for_now` when the service's master keys are at fault."""

    def __init__(self, *, for_now: bool = False) -> None:
        super().__init__("the master key is not known here" if for_now else "the profile does not open")
        self.for_now = for_now


@dataclass(frozen=True, slots=True)
class HandOver:
    """A message with all that its texts need."""

    message: Message
    recipient: Recipient
    address: str
    language: Language
    instalment: Instalment | None = None
    instalments: int = 0
    currency: str = ""

    def __repr__(self) -> str:
        return f"HandOver({self.message.key})"


@dataclass(frozen=True, slots=True)
class Step:
    """A message's next state, the events to publish, and what is to be handed over once that is saved."""

    message: Message
    events: tuple[Event, ...] = ()
    hand_over: HandOver | None = None


class Answer(Enum):
    """What came of handing over."""

    ACCEPTED = "accepted"
    NOT_NOW = "not_now"
    """Certainly not taken; may be taken later."""
    NEVER = "never"
    """Certainly not taken, nor will it be."""
    IN_DOUBT = "in_doubt"
    """Perhaps taken: the connection was lost before the answer came."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An answer, and what was said, without any address."""

    answer: Answer
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """How long a message is tried."""

    first: timedelta
    """The first pause; each is half as long as the message has been tried for, so that they grow by half."""
    longest: timedelta
    give_up: timedelta
    """After so long it fails."""


def decide(
    message: Message,
    *,
    plan: Plan | None,
    contact: Contact | None,
    today: date | None,
    now: datetime,
    rules: Rules,
    open_profile: Callable[[Contact], Recipient],
) -> Step:
    """Skip, wait, or hand over. `open_profile` reads the sealed profile; it may raise Unreadable.

    A reminder that found nobody to send it for days is out of date; one that was tried has Retry's patience instead.
    """
    instalment = plan.instalment(message.instalment) if plan and message.instalment else None
    day = today or message.queued_on
    if reason := _unwanted(message, plan, rules) or (SkipReason.ERASED if contact and contact.erased else None):
        return _not_sent(message, reason, now)
    waited_enough = (day - message.queued_on).days >= rules.contact_days
    if contact is None or contact.profile is None or not contact.complete:
        return _not_sent(message, SkipReason.NO_ADDRESS, now) if waited_enough else _wait(message, now)
    if message.instalment and not message.attempts and (day - message.planned_for).days > rules.late_days:
        return _not_sent(message, SkipReason.OUT_OF_DATE, now)
    if not getattr(contact.profile.consents, rules.kinds[message.kind].consent):
        return _not_sent(message, SkipReason.NO_CONSENT, now)
    try:
        recipient = open_profile(contact)
    except Unreadable as error:
        if error.for_now and not waited_enough:
            return _wait(message, now)
        return _fail(message, DELIVERY_UNKNOWN if message.in_doubt else PROFILE_UNREADABLE, now)
    return _address(message, recipient, contact.profile.language, plan, instalment, now, rules)


def _unwanted(message: Message, plan: Plan | None, rules: Rules) -> SkipReason | None:
    if message.instalment is not None:
        return SkipReason.LOAN_ENDED if plan is None else plan.unwanted(message.instalment, message.due_date)
    if message.kind == rules.notices.get("closed") and plan is not None and not plan.ended:
        return SkipReason.OVERTAKEN  # opened again meanwhile
    return None


def _address(
    message: Message,
    recipient: Recipient,
    language: Language,
    plan: Plan | None,
    instalment: Instalment | None,
    now: datetime,
    rules: Rules,
) -> Step:
    address = recipient.address(message.channel)
    if address is None:
        other = rules.other_channel(message.kind, message.channel)
        if message.fell_back or message.in_doubt or other is None:
            return _not_sent(message, SkipReason.NO_ADDRESS, now)
        return Step(replace(message, channel=other, fell_back=True))
    sending = replace(
        message,
        state=State.SENDING,
        attempts=message.attempts + 1,
        first_attempt_at=message.first_attempt_at or now,
        claimed_at=now,
        language=language,
    )
    return Step(
        sending,
        hand_over=HandOver(
            sending,
            recipient,
            address,
            language,
            instalment,
            len(plan.instalments) if plan else 0,
            plan.currency if plan else "",
        ),
    )


def _wait(message: Message, now: datetime) -> Step:
    return Step(replace(message, next_attempt_at=now + _pause(now - message.created_at)))


def _not_sent(message: Message, reason: SkipReason, now: datetime) -> Step:
    """Skipped, unless a try may have gone out, or one was refused: then the truth is that it failed."""
    if message.in_doubt:
        return _fail(message, DELIVERY_UNKNOWN, now)
    if reason is SkipReason.NO_ADDRESS and message.fell_back and message.reason:
        return _fail(message, message.reason, now)
    skipped, event = skip(message, reason, now)
    return Step(skipped, (event,))


def _fail(message: Message, reason: str, now: datetime) -> Step:
    failed = replace(message, state=State.FAILED, reason=reason, claimed_at=None, finished_at=now)
    return Step(failed, (NotificationFailed(**message.about, channel=message.channel, reason=reason),))


def conclude(
    message: Message, delivery: Delivery, *, now: datetime, rules: Rules, retry: Retry, repeatable: bool
) -> Step:
    """What follows from an answer. `repeatable`: the provider delivers a key once, however often it is sent."""
    match delivery.answer:
        case Answer.ACCEPTED:
            sent = replace(message, state=State.SENT, reason=None, claimed_at=None, finished_at=now)
            language = message.language or Language.CHINESE
            event = NotificationSent(**message.about, channel=message.channel, language=language, sent_at=now)
            return Step(sent, (event,))
        case Answer.IN_DOUBT if not repeatable:
            return _fail(message, DELIVERY_UNKNOWN, now)
        case Answer.NEVER:
            other = rules.other_channel(message.kind, message.channel)
            if message.in_doubt:
                return _fail(message, DELIVERY_UNKNOWN, now)
            if message.fell_back or other is None:
                return _fail(message, delivery.reason, now)
            return Step(
                replace(
                    message,
                    state=State.QUEUED,
                    channel=other,
                    fell_back=True,
                    reason=delivery.reason,
                    claimed_at=None,
                    first_attempt_at=None,
                    next_attempt_at=now,
                )
            )
    in_doubt = message.in_doubt or delivery.answer is Answer.IN_DOUBT
    tried = now - (message.first_attempt_at or now)
    if tried >= retry.give_up:
        return _fail(message, DELIVERY_UNKNOWN if in_doubt else delivery.reason, now)
    return Step(
        replace(
            message,
            state=State.QUEUED,
            reason=delivery.reason,
            in_doubt=in_doubt,
            claimed_at=None,
            next_attempt_at=now + _pause(tried, retry.first, retry.longest),
        )
    )


def _pause(since: timedelta, shortest: timedelta = _SHORTEST_WAIT, longest: timedelta = _LONGEST_WAIT) -> timedelta:
    return min(max(since / 2, shortest), longest)
