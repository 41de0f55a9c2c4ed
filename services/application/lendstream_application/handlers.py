"""Which event goes to which aggregate, and which rule answers it."""

from functools import partial
from uuid import UUID

from lendstream.events import intake
from lendstream.events.decision import ApplicationDecided
from lendstream.events.loan import LoanCancelled, LoanOpened
from lendstream.runtime.decider import Context, DayStep, Route

from .domain import acceptance, customer, decision, ids, loan, submission
from .domain.model import Desk
from .store import Applications, Customers

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
        Route(intake.ApplicationSubmitted, applications, of_reference, partial(submission.submit, desk)),
        Route(intake.ApplicationSubmitted, customers, of_person, partial(customer.keep_profile, desk)),
        Route(intake.OfferAccepted, applications, of_reference, acceptance.accept),
        Route(intake.ApplicationWithdrawn, applications, of_reference, acceptance.withdraw),
        Route(ApplicationDecided, applications, of_application, partial(decision.decided, desk)),
        Route(LoanOpened, applications, of_application, loan.loan_opened),
        Route(LoanCancelled, applications, of_application, loan.loan_cancelled),
    )


def expiry(applications: Applications) -> DayStep:
    """A business day ends the offers that were valid until a day before it."""
    return DayStep(applications, applications.offers_over, acceptance.expire)
