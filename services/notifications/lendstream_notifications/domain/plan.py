"""What is known of one loan: its schedule as far as reminders go, what is paid of it, and the reminders still planned.

A reminder that is still planned belongs to the plan. It leaves the plan once, as a message: queued (from then on the
sender decides, see `sending`) or skipped. So each reminder has one outcome. One that was skipped and is wanted again
is another reminder, with a key of its own; one that was queued is never planned again for the same due date.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

from lendstream.events.notification import NotificationSkipped, SkipReason
from lendstream_notifications.domain.message import Message, Occasion, skip
from lendstream_notifications.domain.rules import Rules


@dataclass(frozen=True, slots=True)
class Instalment:
    """One instalment of the loan's schedule, as far as reminders go. Amounts in minor units."""

    number: int
    due_date: date
    charged: int
    """Principal, interest and fee by the schedule."""
    paid: int = 0
    """What of that was paid or let go; all of it, where servicing calls the instalment settled."""
    collect_on: date | None = None
    """The day on which it is collected from the customer's account, where that was ordered."""

    @property
    def due(self) -> int:
        """What is still unpaid; 0 when settled."""
        return max(self.charged - self.paid, 0)


@dataclass(frozen=True, slots=True)
class Reminder:
    """A reminder that is planned."""

    instalment: int
    name: str
    """Its place within the instalment: due-3, due, due+1 ..."""
    kind: str
    on: date
    """The day it goes out."""
    due_date: date
    """The due date that it is about."""
    planned_by: int = 1
    """The sequence of the event that planned it."""

    @property
    def slot(self) -> tuple[int, str, date]:
        """What the customer is told at most once: this name of this instalment for this due date."""
        return self.instalment, self.name, self.due_date

    @property
    def key(self) -> str:
        """Its key within the loan's. What the opening planned has the short one."""
        key = f"{self.instalment}/{self.name}"
        return key if self.planned_by == 1 else f"{key}/{self.planned_by}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The reminders of one loan, and what they depend on."""

    loan_id: UUID
    customer_id: UUID
    currency: str
    sequence: int
    """The last of the loan's events that counted here."""
    instalments: tuple[Instalment, ...]
    """The schedule, without a down payment: nobody is reminded of that."""
    reminders: tuple[Reminder, ...] = ()
    """Those still planned, by day."""
    told: tuple[int, ...] = ()
    """The instalments that reminders were queued about on `told_on`: on that day there is no other."""
    told_on: date | None = None
    """The last day on which any was queued."""
    unplaced: Mapping[int, int] = field(default_factory=dict)
    """Paid on numbers that the schedule has not, yet or any more: another schedule may have them."""
    ended: bool = False
    """Closed or cancelled, and not opened again."""
    charged_off: bool = False
    """Given up in the books: from then on others than reminders talk to the customer."""
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

    def unwanted(self, number: int, due_date: date | None) -> SkipReason | None:
        """Why a reminder of an instalment for a due date (None: whichever it has) is not wanted, or None if it is."""
        instalment = self.instalment(number)
        if instalment is not None and instalment.due == 0:
            return SkipReason.PAID
        if self.ended:
            return SkipReason.LOAN_ENDED
        if self.charged_off:
            return SkipReason.CHARGED_OFF
        if instalment is None or due_date not in (None, instalment.due_date):
            return SkipReason.RESCHEDULED
        return None


Planned = tuple[Plan, tuple[NotificationSkipped, ...]]
"""The new state, and what is not to be sent."""


def message_of(plan: Plan, reminder: Reminder, occasion: Occasion, rules: Rules) -> Message:
    """The message that a reminder becomes."""
    return Message(
        key=f"{plan.loan_id}/{reminder.key}",
        customer_id=plan.customer_id,
        loan_id=plan.loan_id,
        instalment=reminder.instalment,
        due_date=reminder.due_date,
        kind=reminder.kind,
        planned_for=reminder.on,
        queued_on=occasion.business_date,
        channel=rules.kinds[reminder.kind].channels[0],
        created_at=occasion.now,
        next_attempt_at=occasion.now,
        correlation_id=plan.correlation_id,
        traceparent=plan.traceparent,
    )


def skip_reminders(
    plan: Plan, why: Callable[[Reminder], SkipReason | None], occasion: Occasion, rules: Rules
) -> Planned:
    """Skip those of the planned reminders for which there is a reason."""
    left: list[Reminder] = []
    messages: list[Message] = []
    events: list[NotificationSkipped] = []
    for reminder in plan.reminders:
        if (reason := why(reminder)) is None:
            left.append(reminder)
            continue
        message, event = skip(message_of(plan, reminder, occasion, rules), reason, occasion.now)
        messages.append(message)
        events.append(event)
    if not events:
        return plan, ()
    return replace(plan, reminders=tuple(left), messages=(*plan.messages, *messages)), tuple(events)
