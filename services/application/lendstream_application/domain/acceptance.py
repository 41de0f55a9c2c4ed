"""The customer accepts the offer, withdraws, or lets it expire."""

from dataclasses import replace
from datetime import date

from lendstream.errors import Refused
from lendstream.events import application as lending
from lendstream.events import intake
from lendstream.events.intake import ApplicationStatus as Status

from .choices import payout_day
from .model import Application
from .rule import Answer, Context
from .validation import control_characters

_TAKEN = frozenset((Status.ACCEPTED, Status.LOAN_OPENED, Status.LOAN_CANCELLED))
_NO_OFFER = {
    Status.RECEIVED: ("not_decided", "The application is not decided yet.", "Wait for OfferMade."),
    Status.DECLINED: ("declined", "The application was declined.", "There is no offer to accept."),
    Status.WITHDRAWN: ("withdrawn", "The application was withdrawn.", "Submit a new application."),
    Status.EXPIRED: ("offer_expired", "The offer has expired.", "Submit a new application."),
}


def accept(state: Application | None, event: intake.OfferAccepted, context: Context) -> Answer[Application]:
    """Take the acceptance of exactly the offer that was made; seen again, answer where the application stands.

    Raises Refused: unknown_reference, unknown_offer, not_decided, declined, withdrawn, offer_expired.
    """
    if state is None:
        raise _unknown(event.reference)
    offer = state.offer
    if offer is not None and event.offer_id != offer.offer_id:
        raise Refused(
            "unknown_offer",
            f"{event.offer_id} is not the offer made for {event.reference}.",
            field="offer_id",
            fix="Send the offer_id of OfferMade.",
        )
    if state.status in _TAKEN:
        return state, (state.status_changed(),)
    if offer is None or state.status in _NO_OFFER:
        code, message, fix = _NO_OFFER[state.status]
        raise Refused(code, message, field="offer_id", fix=fix)
    if context.business_date > offer.valid_until:
        message = f"The offer was valid until {offer.valid_until}; it is {context.business_date}."
        raise Refused("offer_expired", message, field="offer_id", fix="Submit a new application.")
    accepted = replace(state, status=Status.ACCEPTED)
    today = context.business_date
    told = lending.OfferAccepted(
        application_id=state.application_id,
        customer_id=state.customer_id,
        offer_id=offer.offer_id,
        partner=state.partner,
        reference=state.reference,
        product=offer.product,
        amount=offer.amount,
        currency=offer.currency,
        instalments=state.tenor or len(offer.instalments),
        annual_rate=offer.annual_rate,
        payout_account=state.payout_account,
        accepted_on=today,
        disburse_on=payout_day(state.disburse_on, today),
        submitted_at=state.asked.submitted_at,
        debit_account=state.debit_account,
        options=offer.options,
    )
    return accepted, (told, accepted.status_changed())


def withdraw(state: Application | None, event: intake.ApplicationWithdrawn, context: Context) -> Answer[Application]:
    """End an application that is not accepted yet; seen again, answer where it stands.

    Raises Refused: unknown_reference, already_accepted, already_closed; DataError for a reason of unusable text.
    """
    if state is None:
        raise _unknown(event.reference)
    for finding in control_characters(event):
        raise Refused(finding.code, finding.message, field=finding.field, fix=finding.fix)
    if state.status is Status.WITHDRAWN:
        return state, (state.status_changed(),)
    if state.status in _TAKEN:
        message = f"The offer of {event.reference} is accepted; the loan is on its way."
        raise Refused("already_accepted", message, field="reference", fix="Let the customer repay the loan.")
    if state.status not in (Status.RECEIVED, Status.OFFERED):
        message = f"{event.reference} is {state.status.value}; there is nothing to withdraw."
        raise Refused("already_closed", message, field="reference", fix="Nothing needs to be done.")
    withdrawn = replace(state, status=Status.WITHDRAWN, ask_again_at=None)
    told = lending.ApplicationWithdrawn(
        application_id=state.application_id, customer_id=state.customer_id, reason=event.reason
    )
    return withdrawn, (told, withdrawn.status_changed())


def expire(state: Application, day: date, context: Context) -> Answer[Application]:
    """End an offer whose last day is over."""
    expired = replace(state, status=Status.EXPIRED)
    told = lending.ApplicationExpired(
        application_id=state.application_id, customer_id=state.customer_id, expired_on=day
    )
    return expired, (told, expired.status_changed())


def _unknown(reference: str) -> Refused:
    return Refused(
        "unknown_reference",
        f"There is no application {reference!r} of yours.",
        field="reference",
        fix="Submit the application first, or correct the reference.",
    )
