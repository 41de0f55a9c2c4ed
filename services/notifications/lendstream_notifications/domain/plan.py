"""The reminders of one loan: planned from its schedule, skipped when it is paid, queued when their day comes.

A reminder that is still planned belongs to the plan. It leaves the plan once, as a message: queued (from then on the
sender decides, see `sending`) or skipped. So each reminder has one outcome.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from lendstream.errors import Refused
from lendstream.events.loan import LoanCancelled, LoanClosed, LoanEvent, LoanOpened, PaymentApplied
from lendstream.events.notification import NotificationSkipped, SkipReason
from lendstream_notifications.domain.message import Message, Occasion, skip
from lendstream_notifications.domain.rules import ReminderRule, Rules


@dataclass(frozen=True, slots=True)
class Instalment:
    """One instalment of the loan's schedule, as far as reminders go."""

    number: int
    due_date: date
    due: int
    """What is still unpaid of the schedule's principal, interest and fee, in minor units; 0 when settled."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """A reminder that is planned."""

    instalment: int
    name: str
    """Its place within the instalment: due-3, due, due+1 ..."""
    kind: str
    on: date
    """The day it goes out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The reminders of one loan."""

    loan_id: UUID
    customer_id: UUID
    currency: str
    sequence: int
    """The last of the loan's events that counted here."""
    instalments: tuple[Instalment, ...]
    reminders: tuple[Reminder, ...]
    """Those still planned, by day."""
    ended: bool = False
    """Closed or cancelled."""
    correlation_id: str | None = None
    traceparent: str | None = None
    messages: tuple[Message, ...] = ()
    """Those that left the plan since it was loaded; saved beside it."""

    @property
    def next_on(self) -> date | None:
        """The day of the next reminder."""
        return self.reminders[0].on if self.reminders else None

    def instalment(self, number: int) -> Instalment | None:
        """The instalment of that number."""
        return next((each for each in self.instalments if each.number == number), None)


Planned = tuple[Plan, tuple[NotificationSkipped, ...]]
"""The new state, and the reminders that are not to be sent."""


def open_plan(plan: Plan | None, event: LoanOpened, occasion: Occasion, *, rules: Rules) -> Planned:
    """Plan every reminder of a new loan."""
    if plan is not None:
        return plan, ()
    reminders = [_reminder(rule, each.number, each.due_date) for each in event.instalments for rule in rules.reminders]
    return (
        Plan(
            loan_id=event.loan_id,
            customer_id=event.customer_id,
            currency=event.currency,
            sequence=event.sequence,
            instalments=tuple(
                Instalment(each.number, each.due_date, each.principal + each.interest + each.fee)
                for each in event.instalments
            ),
            reminders=tuple(sorted(reminders, key=lambda each: (each.on, each.instalment))),
            correlation_id=occasion.correlation_id,
            traceparent=occasion.traceparent,
        ),
        (),
    )


def _reminder(rule: ReminderRule, instalment: int, due_date: date) -> Reminder:
    return Reminder(instalment, rule.name, rule.kind, due_date + timedelta(days=rule.days))


def apply_payment(plan: Plan | None, event: PaymentApplied, occasion: Occasion, *, rules: Rules) -> Planned:
    """Lower what is due, and skip what is still planned about instalments that are settled now.

    Raises Refused when the loan is not known.
    """
    plan = _known(plan, event)
    if event.sequence <= plan.sequence:
        return plan, ()
    paid = {each.instalment: each for each in event.allocations}

    def after(instalment: Instalment) -> Instalment:
        part = paid.get(instalment.number)
        if part is None:
            return instalment
        rest = instalment.due - part.principal - part.interest - part.fee
        return replace(instalment, due=0 if part.settled else max(rest, 0))

    plan = replace(plan, sequence=event.sequence, instalments=tuple(map(after, plan.instalments)))
    settled = {each.number for each in plan.instalments if each.due == 0}
    return _skip(plan, lambda each: each.instalment in settled, SkipReason.PAID, occasion, rules)


def end_plan(plan: Plan | None, event: LoanClosed | LoanCancelled, occasion: Occasion, *, rules: Rules) -> Planned:
    """Skip whatever is still planned: the loan is closed or cancelled.

    Raises Refused when the loan is not known.
    """
    plan = _known(plan, event)
    if event.sequence <= plan.sequence:
        return plan, ()
    plan = replace(plan, sequence=event.sequence, ended=True)
    return _skip(plan, lambda _: True, SkipReason.LOAN_ENDED, occasion, rules)


def start_day(plan: Plan, day: date, occasion: Occasion, *, rules: Rules) -> Planned:
    """Queue the reminders whose day has come.

    Nobody is told twice on one day about the same instalment: where several have come due (days without business,
    a loan opened late), only the latest goes out. One that is too late to be worth sending is out of date.
    """
    come = [each for each in plan.reminders if each.on <= day]
    latest = {each.instalment: each for each in come}
    oldest = day - timedelta(days=rules.late_days)
    queued = tuple(each for each in come if latest[each.instalment] is each and each.on >= oldest)
    plan, skipped = _skip(
        plan, lambda each: each.on <= day and each not in queued, SkipReason.OUT_OF_DATE, occasion, rules
    )
    left = tuple(each for each in plan.reminders if each not in queued)
    messages = tuple(message_of(plan, each, occasion, rules) for each in queued)
    return replace(plan, reminders=left, messages=plan.messages + messages), skipped


def message_of(plan: Plan, reminder: Reminder, occasion: Occasion, rules: Rules) -> Message:
    """The message that a reminder becomes."""
    return Message(
        key=f"{plan.loan_id}/{reminder.instalment}/{reminder.name}",
        customer_id=plan.customer_id,
        loan_id=plan.loan_id,
        instalment=reminder.instalment,
        kind=reminder.kind,
        planned_for=reminder.on,
        queued_on=occasion.business_date,
        channel=rules.kinds[reminder.kind].channels[0],
        created_at=occasion.now,
        next_attempt_at=occasion.now,
        correlation_id=plan.correlation_id,
        traceparent=plan.traceparent,
    )


def _skip(
    plan: Plan, which: Callable[[Reminder], bool], reason: SkipReason, occasion: Occasion, rules: Rules
) -> Planned:
    outcomes: Sequence[tuple[Message, NotificationSkipped]] = [
        skip(message_of(plan, each, occasion, rules), reason, occasion.now) for each in plan.reminders if which(each)
    ]
    return (
        replace(
            plan,
            reminders=tuple(each for each in plan.reminders if not which(each)),
            messages=(*plan.messages, *(message for message, _ in outcomes)),
        ),
        tuple(event for _, event in outcomes),
    )


def _known(plan: Plan | None, event: LoanEvent) -> Plan:
    if plan is None:
        raise Refused(
            "unknown_loan",
            f"The loan {event.loan_id} was never opened here.",
            field="loan_id",
            fix="Publish its LoanOpened first.",
        )
    return plan
