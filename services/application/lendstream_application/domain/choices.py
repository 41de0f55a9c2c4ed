"""What can be wrong with the options of a submission."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from lendstream.amortization import TermsError
from lendstream.catalogue import Product, load_coupons, option_faults
from lendstream.errors import FieldError
from lendstream.events.intake import ApplicationSubmitted, LoanOptions


def of_options(submission: ApplicationSubmitted, product: Product, today: date) -> Iterator[FieldError]:
    """Every option that the product does not allow, each with its path."""
    found = option_faults(
        product,
        submission.amount,
        submission.options or LoanOptions(),
        submission.finances.monthly_income,
        payout_day(submission.disburse_on, today),
        today,
        load_coupons(),
    )
    return (replace(each, field=f"options.{each.field}") for each in found)


def of_schedule(submission: ApplicationSubmitted, product: Product, today: date) -> Iterator[FieldError]:
    """What only shows in the schedule, as a tranche after the last due date; tried at the dearest rate."""
    try:
        product.schedule_for(
            submission.amount,
            submission.instalments,
            product.highest_rate,
            payout_day(submission.disburse_on, today),
            submission.options,
            submission.finances.monthly_income,
        )
    except TermsError as error:
        field = f"options.{error.field}" if error.field in LoanOptions.model_fields else error.field
        fix = "Send other options, or leave them out."
        yield FieldError(field, "no_schedule", f"{product.code} cannot be repaid so: {error.message}.", fix)


def payout_day(wanted: date | None, today: date) -> date:
    """The day of the first payout: the day wanted, but no day that is over."""
    return max(wanted or today, today)
