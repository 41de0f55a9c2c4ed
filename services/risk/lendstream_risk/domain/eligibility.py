"""What rules an application out, however small the amount."""

from collections.abc import Iterator

from lendstream.catalogue import CustomerHistory, Product
from lendstream.events.application import ApplicationReady
from lendstream.events.decision import CustomerPosition
from lendstream.events.intake import BureauSummary, EmploymentStatus, Finances
from lendstream_risk.domain.burden import months_of
from lendstream_risk.domain.chosen import faulty
from lendstream_risk.domain.policy import Eligibility
from lendstream_risk.domain.reasons import Code

MONTHS = 12


def failures(
    rules: Eligibility,
    product: Product | None,
    history: CustomerHistory,
    asked: ApplicationReady,
    position: CustomerPosition,
) -> Iterator[Code]:
    """Every rule that the application fails."""
    yield from _product(product, history, asked)
    age = asked.applicant.age
    if age < rules.age.min:
        yield Code.AGE_BELOW_MINIMUM
    months = months_of(product, asked.instalments) if product else asked.instalments
    if age * MONTHS + months > rules.age.max * MONTHS:
        yield Code.AGE_ABOVE_MAXIMUM
    yield from _finances(rules, asked.applicant.finances)
    if asked.applicant.bureau:
        yield from _bureau(rules, asked.applicant.bureau)
    if position.worst_days_past_due > rules.days_past_due_max:
        yield Code.PAST_DUE_WITH_US
    if position.open_loans >= rules.open_loans_max:
        yield Code.TOO_MANY_LOANS


def _product(product: Product | None, history: CustomerHistory, asked: ApplicationReady) -> Iterator[Code]:
    """The intake checks most of these too; the decision does not rely on it."""
    if product is None:
        yield Code.PRODUCT_NOT_OFFERED
        return
    if asked.currency != product.currency:
        yield Code.CURRENCY_MISMATCH
    if not product.amount.min <= asked.amount <= product.amount.max:
        yield Code.AMOUNT_OUT_OF_RANGE
    if asked.instalments not in product.tenors:
        yield Code.TENOR_NOT_OFFERED
    if product.merchants and asked.partner not in product.merchants:
        yield Code.PARTNER_NOT_ALLOWED
    if history not in product.customers:
        only = CustomerHistory.NEW in product.customers
        yield Code.NEW_CUSTOMERS_ONLY if only else Code.REPEAT_CUSTOMERS_ONLY
    if faulty(product, asked):
        yield Code.OPTIONS_NOT_OFFERED


def _finances(rules: Eligibility, finances: Finances) -> Iterator[Code]:
    if finances.employment_status not in rules.employment:
        yield Code.EMPLOYMENT
    elif (
        finances.employment_status != EmploymentStatus.RETIRED
        and finances.employment_months < rules.employment_months_min
    ):
        yield Code.EMPLOYMENT_TOO_SHORT
    if finances.monthly_income < rules.monthly_income_min:
        yield Code.INCOME_BELOW_MINIMUM


def _bureau(rules: Eligibility, bureau: BureauSummary) -> Iterator[Code]:
    if bureau.bankruptcies > rules.bankruptcies_max:
        yield Code.BANKRUPTCY
    if bureau.accounts_past_due > rules.accounts_past_due_max:
        yield Code.ACCOUNTS_PAST_DUE
    if bureau.delinquencies_24m > rules.delinquencies_24m_max:
        yield Code.DELINQUENCIES
    if bureau.inquiries_12m > rules.inquiries_12m_max:
        yield Code.TOO_MANY_INQUIRIES
