"""The decision comes back: an offer with its whole cost, or a refusal with its reasons. Or it does not come."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from lendstream.amortization import TermsError, disclose, generate
from lendstream.catalogue import Catalogue, UnknownProductError
from lendstream.errors import Refused
from lendstream.events.application import ApplicationReady
from lendstream.events.decision import ApplicationDecided, Outcome, Terms
from lendstream.events.intake import ApplicationStatus, OfferInstalment, OfferMade

from .ids import offer_id
from .model import Application, Desk
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


def make_offer(
    catalogue: Catalogue, application: Application, event: ApplicationDecided, terms: Terms, today: date
) -> OfferMade:
    """The approved terms with every instalment and the whole cost, as if the loan opened today.

    Raises Refused.
    """
    try:
        product = catalogue.product(terms.product, terms.product_version)
        schedule = generate(product.terms(terms.amount, terms.instalments, terms.annual_rate, today))
        cost = disclose(schedule, product.upfront_fee(terms.amount))
    except (UnknownProductError, TermsError) as error:
        raise Refused("terms_not_offered", str(error), field="terms") from error
    return OfferMade(
        partner=application.partner,
        reference=application.reference,
        application_id=application.application_id,
        offer_id=offer_id(application.application_id, event.decision_id),
        product=terms.product,
        amount=terms.amount,
        currency=terms.currency,
        annual_rate=terms.annual_rate,
        method=product.method.value,
        instalments=tuple(
            OfferInstalment(
                number=row.number,
                due_date=row.due_date,
                principal=row.principal,
                interest=row.interest,
                fee=row.fee,
                total=row.total,
            )
            for row in schedule.instalments
        ),
        total_interest=cost.total_interest,
        upfront_fee=cost.upfront_fee,
        total_fees=cost.total_fees,
        total_to_repay=schedule.total,
        apr=cost.apr,
        valid_until=today + timedelta(product.offer_valid_days),
    )


def ask_again(state: Application, now: datetime, patience: timedelta) -> tuple[Application, ApplicationReady]:
    """The question once more, with the next attempt; each pause is twice the one before, up to an hour."""
    asked = state.asked.model_copy(update={"attempt": state.asked.attempt + 1})
    pause = min(patience * 2 ** min(state.asked.attempt, 20), max(LONGEST_PAUSE, patience))
    return replace(state, asked=asked, ask_again_at=now + pause), asked
