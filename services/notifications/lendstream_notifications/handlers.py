"""Which event goes to which aggregate, and the rule that answers it."""

from collections.abc import Callable
from functools import partial
from typing import Any

from lendstream.events.customer import CustomerKey, CustomerProfile
from lendstream.events.loan import InstalmentOverdue, LoanDisbursed, LoanOpened
from lendstream.events.notification import NotificationSkipped
from lendstream.runtime.decider import Context, DayStep, Decision, Route
from lendstream.runtime.story import Story
from lendstream.topics import CUSTOMER, CUSTOMER_KEY
from lendstream_notifications.domain import contact, reminders
from lendstream_notifications.domain.contact import Contact
from lendstream_notifications.domain.following import ANSWERS, follow
from lendstream_notifications.domain.plan import Plan, Planned
from lendstream_notifications.domain.rules import Rules
from lendstream_notifications.store import Contacts, Plans


def routes(contacts: Contacts, plans: Plans, rules: Rules) -> tuple[Route, ...]:
    """The table."""

    def learn(rule: Callable[[Contact | None, Any, Context], Contact]) -> Callable[..., Decision[Contact]]:
        return lambda state, event, context: Decision(rule(state, event, context))

    def told(rule: Callable[..., Planned]) -> Callable[..., Decision[Plan]]:
        return lambda state, event, context: _told(*rule(state, event, context, rules=rules))

    first_loan = partial(contact.give_article, rules=rules, article="first_loan")
    first_missed = partial(contact.give_article, rules=rules, article="first_missed")
    return (
        Route(CustomerProfile, contacts, lambda event, _: event.customer_id, learn(contact.learn_profile)),
        Route(CustomerKey, contacts, lambda event, _: event.customer_id, learn(contact.learn_key)),
        Route(CUSTOMER, contacts, lambda tombstone, _: contact.customer_of(tombstone), learn(contact.erase_profile)),
        Route(CUSTOMER_KEY, contacts, lambda tombstone, _: contact.customer_of(tombstone), learn(contact.erase_key)),
        Route(LoanOpened, plans, lambda event, _: event.loan_id, told(reminders.open_plan)),
        *(Route(event, plans, lambda event, _: event.loan_id, told(follow)) for event in ANSWERS),
        Route(LoanDisbursed, contacts, lambda event, _: event.customer_id, learn(first_loan)),
        Route(InstalmentOverdue, contacts, lambda event, _: event.customer_id, learn(first_missed)),
    )


def day_step(plans: Plans, rules: Rules) -> DayStep:
    """A business day queues the reminders whose day has come."""
    return DayStep(
        plans, plans.due, lambda state, day, context: _told(*reminders.start_day(state, day, context, rules=rules))
    )


def _told(after: Plan, events: tuple[NotificationSkipped, ...]) -> Decision[Plan]:
    """What a loan's reminders tell goes on with the loan's story, whatever set it off."""
    return Decision(after, events, Story(after.correlation_id, None, after.traceparent))
