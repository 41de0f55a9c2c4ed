"""An approval as the offer that the customer sees: every instalment and the whole cost."""

from datetime import date, timedelta

from lendstream.amortization import NO_OTHER_CHARGES, CostDisclosure, Schedule, TermsError, disclose
from lendstream.catalogue import Catalogue, Product, UnknownProductError
from lendstream.errors import Refused
from lendstream.events.decision import ApplicationDecided, Terms
from lendstream.events.intake import (
    FeeTime,
    LoanOptions,
    LocalText,
    OfferBenefit,
    OfferContingentCost,
    OfferFee,
    OfferInstalment,
    OfferMade,
    OfferSubsidy,
)

from .choices import payout_day
from .ids import offer_id
from .model import Application


def make_offer(
    catalogue: Catalogue, application: Application, event: ApplicationDecided, terms: Terms, today: date
) -> OfferMade:
    """The approved terms with every instalment and the whole cost, as if the loan were accepted today.

    Raises Refused.
    """
    start = payout_day(application.disburse_on, today)
    try:
        product = catalogue.product(terms.product, terms.product_version)
        schedule = product.schedule_for(terms.amount, terms.instalments, terms.annual_rate, start, terms.options)
        cost = disclose(schedule, contingent=product.contingent_costs())
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
        instalments=_instalments(schedule),
        total_interest=cost.total_interest,
        upfront_fee=cost.upfront_fee,
        total_fees=cost.total_fees,
        total_to_repay=schedule.total,
        apr=cost.apr,
        valid_until=_last_day(product, terms.options, today),
        product_version=product.version,
        disburse_on=start,
        options=terms.options,
        limit=terms.limit if product.revolving else 0,
        net_payout=cost.net_payout,
        fees=_fees(cost),
        subsidies=tuple(
            OfferSubsidy(payer=payer, amount=sum(amounts)) for payer, amounts in schedule.subsidies.items()
        ),
        contingent_costs=_contingent(cost),
        effective_rate=cost.effective_rate,
        simple_rate=cost.simple_rate,
        no_other_charges=LocalText(**NO_OTHER_CHARGES),
        cooling_off_days=product.cooling_off_days,
        benefits=tuple(
            OfferBenefit(code=each.code, name=LocalText(zh=each.name.zh, en=each.name.en)) for each in product.benefits
        ),
    )


def _last_day(product: Product, options: LoanOptions | None, today: date) -> date:
    """The last day for accepting: before the first tranche, which could not follow a later first payout."""
    last = today + timedelta(product.offer_valid_days)
    tranches = options.tranches if options else ()
    return min(last, tranches[0].on - timedelta(1)) if tranches else last


def _instalments(schedule: Schedule) -> tuple[OfferInstalment, ...]:
    return tuple(
        OfferInstalment(
            number=row.number,
            due_date=row.due_date,
            principal=row.principal,
            interest=row.interest,
            fee=row.fee,
            total=row.total,
            subsidy=row.subsidy,
        )
        for row in schedule.instalments
    )


def _fees(cost: CostDisclosure) -> tuple[OfferFee, ...]:
    return tuple(
        OfferFee(code=fee.code, payee=fee.payee, when=FeeTime(fee.when.value), amount=fee.amount) for fee in cost.fees
    )


def _contingent(cost: CostDisclosure) -> tuple[OfferContingentCost, ...]:
    return tuple(
        OfferContingentCost(
            code=each.code, amount=each.amount, rate=each.rate, annual_rate=each.annual_rate, basis=each.basis
        )
        for each in cost.contingent
    )
