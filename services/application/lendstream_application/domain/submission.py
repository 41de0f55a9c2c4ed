"""A partner submits an application."""

from lendstream.catalogue import Recipient
from lendstream.errors import Refused
from lendstream.events.application import ApplicantFacts, ApplicationReady, ApplicationReceived
from lendstream.events.intake import ApplicationStatus, ApplicationSubmitted

from .ids import application_id, customer_id, fingerprint, partner_of
from .model import Application, Desk
from .rule import Answer, Context
from .validation import age, check


def submit(
    desk: Desk, state: Application | None, submission: ApplicationSubmitted, context: Context
) -> Answer[Application]:
    """Take in a new application; answer a repeated one with where it stands.

    Raises DataError with every finding; Refused `reference_reused` for another content under a known reference.
    """
    digest = fingerprint(desk.identity_secret, submission)
    if state is not None:
        if state.fingerprint != digest:
            raise Refused(
                "reference_reused",
                f"{submission.reference} is already the reference of another application.",
                field="reference",
                fix="Use a new reference; the first application stands.",
            )
        return state, (state.status_changed(),)
    check(submission, desk.catalogue, context)
    ready = _question(desk, submission, context)
    application = Application(
        asked=ready,
        reference=submission.reference,
        fingerprint=digest,
        payout_account=submission.payout_account,
        debit_account=_debit_account(desk, submission),
        disburse_on=submission.disburse_on,
        status=ApplicationStatus.RECEIVED,
        ask_again_at=context.now + desk.decision_patience,
        correlation_id=context.correlation_id,
        traceparent=context.traceparent,
    )
    received = ApplicationReceived(
        application_id=ready.application_id,
        customer_id=ready.customer_id,
        partner=ready.partner,
        reference=submission.reference,
        product=ready.product,
        amount=ready.amount,
        currency=ready.currency,
        instalments=ready.instalments,
        purpose=ready.purpose,
        submitted_at=ready.submitted_at,
    )
    return application, (received, ready, application.status_changed())


def _question(desk: Desk, submission: ApplicationSubmitted, context: Context) -> ApplicationReady:
    partner = partner_of(context)
    return ApplicationReady(
        application_id=application_id(partner, submission.reference),
        customer_id=customer_id(desk.identity_secret, submission.identity),
        partner=partner,
        product=submission.product,
        amount=submission.amount,
        currency=submission.currency,
        instalments=submission.instalments,
        purpose=submission.purpose,
        applicant=ApplicantFacts(
            age=age(submission.identity.birth_date, context.business_date),
            finances=submission.finances,
            bureau=submission.bureau,
        ),
        business_date=context.business_date,
        submitted_at=submission.submitted_at,
        options=desk.catalogue.product(submission.product).settled_options(
            submission.options, submission.finances.monthly_income
        ),
        disburse_on=submission.disburse_on,
    )


def _debit_account(desk: Desk, submission: ApplicationSubmitted) -> str | None:
    """What is due is collected from the account given; else from the payout's, where that is the customer's own."""
    pays_customer = desk.catalogue.product(submission.product).payout_to is Recipient.CUSTOMER
    return submission.debit_account or (submission.payout_account if pays_customer else None)
