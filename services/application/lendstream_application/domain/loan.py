"""What becomes of the loan, for the partner to know."""

from dataclasses import replace

from lendstream.errors import Refused
from lendstream.events.intake import ApplicationStatus as Status
from lendstream.events.loan import LoanCancelled, LoanOpened

from .model import Application
from .rule import Answer, Context


def loan_opened(state: Application | None, event: LoanOpened, context: Context) -> Answer[Application]:
    """Note the loan. Raises Refused for an unknown application."""
    if state is None:
        raise Refused("unknown_application", f"There is no application {event.application_id}.")
    if state.loan_id is not None:
        return state, ()
    opened = replace(state, status=Status.LOAN_OPENED, loan_id=event.loan_id)
    return opened, (opened.status_changed(),)


def loan_cancelled(state: Application | None, event: LoanCancelled, context: Context) -> Answer[Application]:
    """Note that the loan ended before any money went out. Raises Refused for an unknown application."""
    if state is None:
        raise Refused("unknown_application", f"There is no application {event.application_id}.")
    if state.status is Status.LOAN_CANCELLED:
        return state, ()
    cancelled = replace(state, status=Status.LOAN_CANCELLED, loan_id=event.loan_id)
    return cancelled, (cancelled.status_changed(),)
