"""What the customer chose beside amount and tenor, as the decision sees it."""

from datetime import date
from decimal import Decimal

from lendstream.amortization import Schedule, TermsError
from lendstream.catalogue import Product, load_coupons, option_faults
from lendstream.events.application import ApplicationReady
from lendstream.events.intake import LoanOptions


def payout_day(asked: ApplicationReady) -> date:
    """The day of the first payout, as far as it is known: the day wanted, but not before the business day."""
    return max(asked.disburse_on or asked.business_date, asked.business_date)


def options_at(asked: ApplicationReady, amount: int) -> LoanOptions | None:
    """The options of a loan of another amount than was asked for: its tranches keep their share of it."""
    options = asked.options
    if options is None or not options.tranches or amount == asked.amount:
        return options
    tranches = tuple(
        each.model_copy(update={"amount": max(each.amount * amount // asked.amount, 1)}) for each in options.tranches
    )
    return options.model_copy(update={"tranches": tranches})


def schedule_at(product: Product, asked: ApplicationReady, amount: int, annual_rate: Decimal) -> Schedule:
    """The schedule of a loan of so much, with the options as they are for it. Raises TermsError."""
    return product.schedule_for(
        amount,
        asked.instalments,
        annual_rate,
        payout_day(asked),
        options_at(asked, amount),
        asked.applicant.finances.monthly_income,
    )


def faulty(product: Product, asked: ApplicationReady) -> bool:
    """Whether no loan can be made with these options."""
    if asked.options is None and product.asks_for_nothing:
        return False
    options, income, start = asked.options or LoanOptions(), asked.applicant.finances.monthly_income, payout_day(asked)
    if any(option_faults(product, asked.amount, options, income, start, asked.business_date, load_coupons())):
        return True
    try:
        schedule_at(product, asked, asked.amount, product.highest_rate)
    except TermsError as error:
        # Amount and tenor have reasons of their own.
        return error.field not in ("principal", "instalments")
    return False
