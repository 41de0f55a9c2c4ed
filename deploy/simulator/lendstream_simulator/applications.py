"""Applications made from real loans.

Amounts: one US dollar of the source becomes two yuan. That is a scale, not an exchange rate: it brings the source's
median income (65,000 dollars a year) and loan (14,500 dollars) to 130,000 and 29,000 yuan, the order of an urban
borrower's, and keeps every ratio between income, debts and loan as it was.
"""

from datetime import date, datetime, timedelta
from functools import lru_cache
from random import Random

from lendstream.catalogue import Catalogue, Product, Recipient, load
from lendstream.events.intake import ApplicationSubmitted, BureauSummary, EmploymentStatus, Finances, Language
from lendstream_simulator import people
from lendstream_simulator.choices import options
from lendstream_simulator.loans import OBSERVED_YEAR, RealLoan, real_loans
from lendstream_simulator.purposes import FALLBACK, candidates
from lendstream_simulator.seeded import draw

FEN_PER_DOLLAR = 200
AGES_ON = date(2026, 1, 1)
"""The day that ages are counted to: a fixed one, so that a person's birth date never depends on the day of a run."""
RETURNING = 0.12
"""The share of applications by somebody who has applied before."""
LOOK_BACK = 60
"""How many applications ago that was, at most."""


@lru_cache(maxsize=4096)
def person_of(seed: int, number: int) -> int:
    """Who is behind an application: the number of the person's first one."""
    rng = draw(seed, "returning", number)
    if number == 0 or rng.random() >= RETURNING:
        return number
    return person_of(seed, rng.randrange(max(0, number - LOOK_BACK), number))


def application(
    seed: int,
    number: int,
    *,
    reference: str,
    today: date,
    submitted_at: datetime,
    partner: str = "",
    catalogue: Catalogue | None = None,
) -> ApplicationSubmitted:
    """The application of that number: the loan asked for from one real loan, the person from the person's first."""
    rng = draw(seed, "application", number)
    first = person_of(seed, number)
    asked, known = _loan(seed, number), _loan(seed, first)
    person = draw(seed, "person", first)
    language = Language.ENGLISH if person.random() < 0.15 else Language.CHINESE
    history_years = OBSERVED_YEAR - known.first_credit_year
    identity = people.identity(person, people.birth_date(person, history_years, AGES_ON), language)
    on_sale = catalogue or load()
    product, amount, instalments = choose_product(rng, asked, on_sale, partner=partner, returning=first != number)
    finances = _finances(person, known)
    bureau = None if person.random() < 0.1 else _bureau(known)
    consents = people.consents(person)
    account = f"acct_{person.getrandbits(48):012x}"
    to_merchant = product.payout_to is Recipient.MERCHANT
    disburse_on = today + timedelta(days=rng.randrange(1, 4)) if rng.random() < 0.1 else None
    return ApplicationSubmitted(
        reference=reference,
        product=product.code,
        amount=amount,
        currency=product.currency,
        instalments=instalments,
        purpose=asked.purpose.replace("_", " "),
        identity=identity,
        finances=finances,
        bureau=bureau,
        consents=consents,
        language=language,
        payout_account=f"shop_{partner or 'any'}" if to_merchant else account,
        debit_account=account if to_merchant else None,
        disburse_on=disburse_on,
        submitted_at=submitted_at,
        options=options(
            draw(seed, "options", number),
            product,
            amount,
            instalments,
            finances.monthly_income,
            disburse_on or today,
            reference,
        ),
    )


def choose_product(
    rng: Random, loan: RealLoan, catalogue: Catalogue, *, partner: str, returning: bool
) -> tuple[Product, int, int]:
    """A product that lends so much for that purpose, the amount rounded to its step, and one of its tenors."""
    fen = loan.amount * FEN_PER_DOLLAR
    fitting = candidates(loan.purpose, fen, catalogue, partner=partner, returning=returning)
    product = rng.choice(fitting) if fitting else catalogue.product(FALLBACK)
    amount = product.amount.offerable(max(fen, product.amount.min)) or product.amount.min
    return product, amount, _tenor(rng, product.tenors, loan.term)


def _tenor(rng: Random, tenors: tuple[int, ...], term: int) -> int:
    """Who took 36 months in the source takes one of the shorter tenors, who took 60 one of the longer."""
    middle = len(tenors) // 2
    return rng.choice(tenors[: middle + 1] if term == 36 else tenors[middle:])


def _loan(seed: int, number: int) -> RealLoan:
    order = _order(seed)
    return real_loans()[order[number % len(order)]]


@lru_cache(maxsize=8)
def _order(seed: int) -> tuple[int, ...]:
    numbers = list(range(len(real_loans())))
    draw(seed, "order").shuffle(numbers)
    return tuple(numbers)


def _finances(rng: Random, loan: RealLoan) -> Finances:
    income = loan.annual_income * FEN_PER_DOLLAR // 12
    return Finances(
        employment_status=_employment(rng, loan),
        employment_months=(loan.employment_years or 0) * 12,
        monthly_income=income,
        monthly_debt=int(income * loan.debt_to_income) // 100,
    )


def _employment(rng: Random, loan: RealLoan) -> EmploymentStatus:
    """The source leaves the years in the job empty for those without an employer."""
    if loan.employment_years is not None:
        return EmploymentStatus.SELF_EMPLOYED if rng.random() < 0.1 else EmploymentStatus.EMPLOYED
    if OBSERVED_YEAR - loan.first_credit_year > 35:
        return EmploymentStatus.RETIRED
    return rng.choice((EmploymentStatus.SELF_EMPLOYED, EmploymentStatus.UNEMPLOYED, EmploymentStatus.STUDENT))


def _bureau(loan: RealLoan) -> BureauSummary:
    return BureauSummary(
        source="partner",
        open_accounts=loan.open_accounts,
        delinquencies_24m=loan.delinquencies_2y,
        inquiries_12m=loan.inquiries_12m,
        accounts_past_due=loan.accounts_past_due,
        bankruptcies=loan.bankruptcies,
        history_months=(OBSERVED_YEAR - loan.first_credit_year) * 12,
        credit_limit=loan.credit_limit * FEN_PER_DOLLAR,
        credit_used=loan.credit_used * FEN_PER_DOLLAR,
    )
