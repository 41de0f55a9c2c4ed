"""Opening a loan: an acceptance and its approving decision, in whichever order they arrive."""

from datetime import date
from functools import partial

from lendstream.amortization import Schedule, TermsError, When
from lendstream.amortization.charges import opening_fee
from lendstream.catalogue import Product, UnknownProductError
from lendstream.errors import DataError, FieldError, Refused
from lendstream.events.application import OfferAccepted
from lendstream.events.decision import ApplicationDecided, Terms
from lendstream.events.loan import DisbursementRequested, LoanOpened, OpeningFee, Payer, Recipient

from .loan import (
    Account,
    Answer,
    Approval,
    Awaiting,
    Contract,
    Loan,
    Policy,
    Telling,
    disbursement_id_of,
    loan_id_of,
    numbered,
    replace,
)
from .schedules import instalments
from .telling import scheduled
from .tranches import planned


def accept(account: Account | None, event: OfferAccepted, today: date, policy: Policy) -> Answer:
    """The customer accepted. The loan opens if the decision is there; before that, the last acceptance counts.

    Errors: DataError with every term that is not as decided; Refused when another offer has already become the loan.
    """
    if isinstance(account, Loan):
        if event.offer_id != account.contract.offer_id:
            raise _already_opened("offer_id", f"offer {account.contract.offer_id}")
        return account, ()
    waiting = account or Awaiting(loan_id_of(event.application_id))
    if waiting.acceptance == event:
        return waiting, ()
    return _joined(replace(waiting, acceptance=event), today, policy)


def approve(account: Account | None, event: ApplicationDecided, today: date, policy: Policy) -> Answer:
    """Risk approved. The loan opens if the acceptance is there; before that, the last approval counts.

    Errors: as `accept`; Refused for an approval without terms.
    """
    if event.terms is None:
        raise Refused("terms_missing", "The approval has no terms.", field="terms", fix="Send the terms approved.")
    if isinstance(account, Loan):
        if event.decision_id != account.contract.decision_id:
            raise _already_opened("decision_id", f"decision {account.contract.decision_id}")
        return account, ()
    waiting = account or Awaiting(loan_id_of(event.application_id))
    approval = Approval(decision_id=event.decision_id, customer_id=event.customer_id, terms=event.terms)
    if waiting.approval == approval:
        return waiting, ()
    return _joined(replace(waiting, approval=approval), today, policy)


def mismatches(acceptance: OfferAccepted, approval: Approval) -> list[FieldError]:
    """Every term accepted that is not as it was decided."""
    terms = approval.terms
    pairs = {
        "customer_id": (acceptance.customer_id, approval.customer_id),
        "product": (acceptance.product, terms.product),
        "currency": (acceptance.currency, terms.currency),
        "instalments": (acceptance.instalments, terms.instalments),
        "annual_rate": (acceptance.annual_rate, terms.annual_rate),
        "options": (acceptance.options, terms.options),
    }
    found = [
        FieldError(
            name,
            f"{name}_not_as_decided",
            f"{accepted} was accepted and {decided} decided.",
            f"Accept an offer of decision {approval.decision_id}.",
        )
        for name, (accepted, decided) in pairs.items()
        if accepted != decided
    ]
    if acceptance.amount > terms.amount:
        found.append(
            FieldError(
                "amount",
                "amount_over_approval",
                f"{acceptance.amount} was accepted and {terms.amount} approved, in minor units.",
                f"Accept at most {terms.amount}.",
            )
        )
    return found


def _joined(waiting: Awaiting, today: date, policy: Policy) -> Answer:
    if waiting.acceptance is None or waiting.approval is None:
        return waiting, ()
    if found := mismatches(waiting.acceptance, waiting.approval):
        raise DataError(*found)
    return _open(waiting, waiting.acceptance, waiting.approval, today, policy)


def _open(waiting: Awaiting, acceptance: OfferAccepted, approval: Approval, today: date, policy: Policy) -> Answer:
    # A day that is already over cannot be paid on, and no interest runs before the money is on its way.
    pay_on = max(acceptance.disburse_on, today)
    product, schedule = _schedule(approval.terms, acceptance.amount, pay_on, policy)
    fees = _opening_fees(schedule)
    contract = Contract(
        application_id=acceptance.application_id,
        customer_id=acceptance.customer_id,
        offer_id=acceptance.offer_id,
        decision_id=approval.decision_id,
        partner=acceptance.partner,
        reference=acceptance.reference,
        product=product.code,
        product_version=product.version,
        method=product.method,
        principal=acceptance.amount,
        currency=acceptance.currency,
        annual_rate=acceptance.annual_rate,
        tenor=acceptance.instalments,
        upfront_fee=sum([fee.amount for fee in fees]),
        payout_account=acceptance.payout_account,
        engine=schedule.engine,
        opened_on=today,
        interest_from=pay_on,
        submitted_at=acceptance.submitted_at,
        debit_account=acceptance.debit_account,
        recipient=Recipient(product.payout_to),
        credit_limit=approval.terms.limit if product.revolving else 0,
        options=approval.terms.options,
    )
    loan = Loan(
        waiting.id,
        contract,
        instalments(schedule),
        pay_on,
        contract.annual_rate,
        entries=waiting.entries,
        chain=waiting.chain,
        journals=waiting.journals,
    )
    loan = planned(loan)
    return numbered(loan, (_opened(loan, schedule, fees), payout_request(loan)))


def _schedule(approved: Terms, principal: int, start: date, policy: Policy) -> tuple[Product, Schedule]:
    try:
        product = policy.catalogue.product(approved.product, approved.product_version)
        if product.currency != approved.currency:
            raise TermsError("currency", f"{product.code} lends {product.currency}, not {approved.currency}")
        return product, product.schedule_for(
            principal, approved.instalments, approved.annual_rate, start, approved.options
        )
    except UnknownProductError as error:
        raise Refused(
            "unknown_product", f"{error}.", field="product", fix="Deploy the product's file, then retry."
        ) from error
    except TermsError as error:
        field = "amount" if error.field == "principal" else error.field
        raise Refused(
            "terms_outside_product", f"{error.message}.", field=field, fix="Offer terms within the product."
        ) from error


def _opening_fees(schedule: Schedule) -> tuple[OpeningFee, ...]:
    """What is kept from the payout, fee by fee."""
    return tuple(
        OpeningFee(code=fee.code, payee=fee.payee, amount=opening_fee(schedule.terms, fee))
        for fee in schedule.terms.options.fees
        if fee.when is When.OPENING
    )


def _opened(loan: Loan, schedule: Schedule, fees: tuple[OpeningFee, ...]) -> Telling:
    contract = loan.contract
    return partial(
        LoanOpened,
        application_id=contract.application_id,
        partner=contract.partner,
        reference=contract.reference,
        product=contract.product,
        product_version=contract.product_version,
        method=contract.method.value,
        principal=contract.principal,
        currency=contract.currency,
        annual_rate=contract.annual_rate,
        upfront_fee=contract.upfront_fee,
        instalments=tuple([scheduled(each) for each in loan.instalments]),
        engine=contract.engine,
        opened_on=contract.opened_on,
        interest_from=contract.interest_from,
        submitted_at=contract.submitted_at,
        options=contract.options,
        recipient=contract.recipient,
        limit=contract.credit_limit,
        opening_fees=fees,
        subsidies=tuple(Payer(payer=payer, amount=sum(parts)) for payer, parts in schedule.subsidies.items()),
    )


def payout_request(loan: Loan) -> Telling:
    """The order to pay out, for the loan's current attempt."""
    return partial(
        DisbursementRequested,
        disbursement_id=disbursement_id_of(loan.id, loan.attempt),
        amount=loan.contract.payout,
        currency=loan.contract.currency,
        payout_account=loan.pays_to or loan.contract.payout_account,
        pay_on=loan.pay_on,
        attempt=loan.attempt,
        recipient=loan.contract.recipient,
        order_reference=loan.contract.options.order_reference if loan.contract.options else None,
    )


def _already_opened(field: str, of: str) -> Refused:
    return Refused("already_opened", f"The loan was opened from {of}.", field=field, fix="Nothing is left to accept.")
