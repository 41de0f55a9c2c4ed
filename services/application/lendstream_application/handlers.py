"""Which event goes to which aggregate, and which rule answers it."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from lendstream.events import intake
from lendstream.events.decision import ApplicationDecided
from lendstream.events.loan import LoanCancelled, LoanOpened
from lendstream.runtime.decider import Context, DayStep, Decision, Route
from lendstream.runtime.story import Story

from .domain import acceptance, customer, decision, ids, loan, submission
from .domain.model import Application, Desk
from .domain.rule import Answer
from .store import Applications, Customers

Rule = Callable[[Any, Any, Any], Answer[Any]]
FromPartner = intake.ApplicationSubmitted | intake.OfferAccepted | intake.ApplicationWithdrawn


def routes(desk: Desk, applications: Applications, customers: Customers) -> tuple[Route, ...]:
    """The table. A submission goes to its application first: refused there, it makes no customer either."""

    def of_reference(event: FromPartner, context: Context) -> UUID:
        return ids.application_id(ids.partner_of(context), event.reference)

    def of_application(event: ApplicationDecided | LoanOpened | LoanCancelled, context: Context) -> UUID:
        return event.application_id

    def of_person(event: intake.ApplicationSubmitted, context: Context) -> UUID:
        return ids.customer_id(desk.identity_secret, event.identity)

    return (
        Route(intake.ApplicationSubmitted, applications, of_reference, by(partial(submission.submit, desk))),
        Route(intake.ApplicationSubmitted, customers, of_person, by(partial(customer.keep_profile, desk))),
        Route(intake.OfferAccepted, applications, of_reference, by(acceptance.accept)),
        Route(intake.ApplicationWithdrawn, applications, of_reference, by(acceptance.withdraw)),
        Route(ApplicationDecided, applications, of_application, by(partial(decision.decided, desk))),
        Route(LoanOpened, applications, of_application, by(loan.loan_opened)),
        Route(LoanCancelled, applications, of_application, by(loan.loan_cancelled)),
    )


def expiry(applications: Applications) -> DayStep:
    """A business day ends the offers that were valid until a day before it."""
    return DayStep(applications, applications.offers_over, by(acceptance.expire))


def by(rule: Rule) -> Callable[[Any, Any, Context], Decision[Any]]:
    """The rule, as the runtime calls it. An application's events go on with its own story, whatever caused them."""

    def handle(state: Any, event: Any, context: Context) -> Decision[Any]:
        after, events = rule(state, event, context)
        own = Story(after.correlation_id, None, after.traceparent) if isinstance(after, Application) else None
        return Decision(after, events, own)

    return handle
