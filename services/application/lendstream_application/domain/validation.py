"""What can be wrong with a submission that follows the schema: all of it at once, each with what to do about it."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from lendstream.catalogue import Catalogue, Product
from lendstream.errors import DataError, FieldError
from lendstream.events.base import Model
from lendstream.events.intake import ApplicationSubmitted

from .choices import of_options, of_schedule
from .rule import Context

CLOCK_TOLERANCE = timedelta(days=1)
LONGEST_WAIT = timedelta(days=90)
"""The latest day of payout that can be asked for, from the business day on."""
OLDEST = 130
"""Years: a birth date further back is a slip of the keyboard."""
_LINE_BREAKS_ALLOWED = ("purpose",)
_SUSPECT = re.compile(r"\\[bfnrtu]|[\x7f-\x9f]")
"""In JSON text: an escape, or what needs none."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_BUT_LINE_BREAKS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def check(submission: ApplicationSubmitted, catalogue: Catalogue, context: Context) -> None:
    """Raises DataError with every finding, if there is any."""
    findings = (
        *_of_product(submission, catalogue, context),
        *_of_applicant(submission, context.business_date),
        *_of_dates(submission, context),
        *control_characters(submission),
    )
    if findings:
        raise DataError(*findings)


def _of_product(submission: ApplicationSubmitted, catalogue: Catalogue, context: Context) -> Iterator[FieldError]:
    partner = context.partner
    offered = {product.code: product for product in catalogue if not product.merchants or partner in product.merchants}
    product = offered.get(submission.product)
    if product is None:
        yield _no_such_product(submission.product, catalogue, ", ".join(offered))
        return
    terms = tuple(_of_terms(submission, product))
    options = tuple(of_options(submission, product, context.business_date))
    yield from (*terms, *options)
    if not terms and not options:
        yield from of_schedule(submission, product, context.business_date)


def _no_such_product(code: str, catalogue: Catalogue, offered: str) -> FieldError:
    fix = f"Send one of: {offered}."
    if any(product.code == code for product in catalogue):
        return FieldError("product", "not_through_you", f"{code!r} is sold through its own partners alone.", fix)
    return FieldError("product", "unknown_product", f"There is no product {code!r} on offer through you.", fix)


def _of_terms(submission: ApplicationSubmitted, product: Product) -> Iterator[FieldError]:
    if submission.currency != product.currency:
        yield FieldError(
            "currency",
            "currency_not_offered",
            f"{product.code} is in {product.currency}, not {submission.currency}.",
            f"Send {product.currency} and amounts in it.",
        )
    yield from _of_amount(submission.amount, product)
    if submission.instalments not in product.tenors:
        yield FieldError(
            "instalments",
            "tenor_not_offered",
            f"{product.code} is not offered with {submission.instalments} instalments.",
            f"Send one of: {', '.join(map(str, product.tenors))}.",
        )


def _of_amount(amount: int, product: Product) -> Iterator[FieldError]:
    limits = product.amount
    fix = f"Send {limits.min} to {limits.max} in steps of {limits.step}, in minor units of {product.currency}."
    if amount < limits.min:
        yield FieldError("amount", "amount_too_small", f"{product.code} starts at {limits.min}, not {amount}.", fix)
    elif amount > limits.max:
        yield FieldError("amount", "amount_too_large", f"{product.code} ends at {limits.max}, not {amount}.", fix)
    elif amount % limits.step:
        yield FieldError("amount", "amount_off_step", f"{amount} is not a multiple of {limits.step}.", fix)


def _of_applicant(submission: ApplicationSubmitted, today: date) -> Iterator[FieldError]:
    if not submission.consents.data_processing:
        yield FieldError(
            "consents.data_processing",
            "consent_missing",
            "The applicant did not consent to the processing of the data.",
            "Ask the applicant; without consent there is no application.",
        )
    born = submission.identity.birth_date
    if born > today:
        yield FieldError(
            "identity.birth_date", "date_in_future", f"{born} is after the business day {today}.", "Correct the date."
        )
    elif today.year - born.year > OLDEST:
        yield FieldError(
            "identity.birth_date", "date_impossible", f"{born} is over {OLDEST} years ago.", "Correct the date."
        )


def _of_dates(submission: ApplicationSubmitted, context: Context) -> Iterator[FieldError]:
    wanted, today = submission.disburse_on, context.business_date
    fix = f"Send a day from {today} to {today + LONGEST_WAIT}, or leave it out for a payout at once."
    if wanted is not None and wanted < today:
        yield FieldError("disburse_on", "date_in_past", f"{wanted} is before the business day {today}.", fix)
    elif wanted is not None and wanted > today + LONGEST_WAIT:
        yield FieldError("disburse_on", "date_too_far", f"{wanted} is over {LONGEST_WAIT.days} days ahead.", fix)
    if submission.submitted_at > context.now + CLOCK_TOLERANCE:
        yield FieldError(
            "submitted_at",
            "time_in_future",
            f"{submission.submitted_at.isoformat()} is ahead of our clock by more than a day.",
            "Send the time at which the applicant submitted, with its time zone.",
        )


def control_characters(model: Model) -> Iterator[FieldError]:
    """Texts with control characters, which would be trouble in databases, mails and logs."""
    if not _SUSPECT.search(model.model_dump_json()):  # the usual case, in one pass
        return
    for path, text in _texts(model.model_dump(), ""):
        unwanted = _CONTROL_BUT_LINE_BREAKS if path in _LINE_BREAKS_ALLOWED else _CONTROL
        if unwanted.search(text):
            yield FieldError(
                path, "control_character", "The text holds control characters.", "Send printable text only."
            )


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from _texts(each, f"{path}.{name}" if path else name)


def age(born: date, today: date) -> int:
    """Whole years."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
