"""Which event goes to which aggregate, and the function that answers it."""

from functools import partial
from uuid import UUID

from lendstream.envelope import Tombstone
from lendstream.events.customer import CustomerKey, CustomerProfile
from lendstream.events.loan import (
    InstalmentOverdue,
    LoanCancelled,
    LoanClosed,
    LoanDisbursed,
    LoanEvent,
    LoanOpened,
    PaymentApplied,
)
from lendstream.runtime.decider import Context, DayStep, Route
from lendstream.topics import CUSTOMER, CUSTOMER_KEY

from lendstream_notifications.domain import contact, plan
from lendstream_notifications.domain.rules import Rules
from lendstream_notifications.store import Contacts, Plans


def routes(contacts: Contacts, plans: Plans, rules: Rules) -> tuple[Route, ...]:
    """The table."""
    first_loan = partial(contact.give_article, rules=rules, article="first_loan")
    first_missed = partial(contact.give_article, rules=rules, article="first_missed")
    return (
        Route(CustomerProfile, contacts, _customer, contact.learn_profile),
        Route(CustomerKey, contacts, _customer, contact.learn_key),
        Route(CUSTOMER, contacts, _erased, contact.erase_profile),
        Route(CUSTOMER_KEY, contacts, _erased, contact.erase_key),
        Route(LoanOpened, plans, _loan, partial(plan.open_plan, rules=rules)),
        Route(PaymentApplied, plans, _loan, partial(plan.apply_payment, rules=rules)),
        Route(LoanClosed, plans, _loan, partial(plan.end_plan, rules=rules)),
        Route(LoanCancelled, plans, _loan, partial(plan.end_plan, rules=rules)),
        Route(LoanDisbursed, contacts, _customer, first_loan),
        Route(InstalmentOverdue, contacts, _customer, first_missed),
    )


def day_step(plans: Plans, rules: Rules) -> DayStep:
    """A business day queues the reminders whose day has come."""
    return DayStep(plans, plans.due, partial(plan.start_day, rules=rules))


def _customer(event: LoanEvent | CustomerProfile | CustomerKey, context: Context) -> UUID:
    return event.customer_id


def _loan(event: LoanEvent, context: Context) -> UUID:
    return event.loan_id


def _erased(tombstone: Tombstone, context: Context) -> UUID:
    return contact.customer_of(tombstone)
