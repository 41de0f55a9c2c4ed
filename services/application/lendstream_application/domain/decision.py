"""The decision comes back: an offer, or a refusal with its reasons. Or it does not come."""

from dataclasses import replace
from datetime import datetime, timedelta

from lendstream.errors import Refused
from lendstream.events.application import ApplicationReady
from lendstream.events.decision import ApplicationDecided, Outcome
from lendstream.events.intake import ApplicationStatus

from .model import Application, Desk
from .offer import make_offer
from .rule import Answer, Context

LONGEST_PAUSE = timedelta(hours=1)


def decided(desk: Desk, state: Application | None, event: ApplicationDecided, context: Context) -> Answer[Application]:
    """Make the offer or tell the refusal; a decision seen again, or on a withdrawn application, changes nothing.

    Raises Refused for an unknown application, or terms that the catalogue cannot be made into an offer.
    """
    if state is None:
        raise Refused("unknown_application", f"There is no application {event.application_id}.")
    if state.status is not ApplicationStatus.RECEIVED:
        return state, ()
    known = replace(state, decision_id=event.decision_id, reasons=event.reasons, ask_again_at=None)
    if event.outcome is Outcome.DECLINED:
        declined = replace(known, status=ApplicationStatus.DECLINED)
        return declined, (declined.status_changed(),)
    if event.terms is None:
        raise Refused("terms_missing", "The approval has no terms.", field="terms")
    offer = make_offer(desk.catalogue, state, event, event.terms, context.business_date)
    offered = replace(known, status=ApplicationStatus.OFFERED, tenor=event.terms.instalments, offer=offer)
    return offered, (offer, offered.status_changed())


def ask_again(state: Application, now: datetime, patience: timedelta) -> tuple[Application, ApplicationReady]:
    """The question once more, with the next attempt; each pause is twice the one before, up to an hour."""
    asked = state.asked.model_copy(update={"attempt": state.asked.attempt + 1})
    pause = min(patience * 2 ** min(state.asked.attempt, 20), max(LONGEST_PAUSE, patience))
    return replace(state, asked=asked, ask_again_at=now + pause), asked
