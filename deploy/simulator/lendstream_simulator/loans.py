"""The real loans that applications are made from; data/SOURCE.md says where they come from."""

import csv
import gzip
import io
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Self

OBSERVED_YEAR = 2018
"""The year of the loans; ages of accounts are counted to it."""


@dataclass(frozen=True, slots=True)
class RealLoan:
    """One borrower as the lender saw it: whole US dollars, years and months."""

    purpose: str
    amount: int
    term: int
    annual_income: int
    debt_to_income: float
    """Percent of the income."""
    employment_years: int | None
    delinquencies_2y: int
    first_credit_year: int
    inquiries_12m: int
    open_accounts: int
    credit_limit: int
    credit_used: int
    accounts_past_due: int
    bankruptcies: int

    @classmethod
    def of(cls, row: dict[str, str]) -> Self:
        """Read a row; a joint application counts with the joint income and debts."""
        joint = "_joint" if row["annual_income_joint"] and row["debt_to_income_joint"] else ""
        return cls(
            purpose=row["loan_purpose"],
            amount=int(row["loan_amount"]),
            term=int(row["term"]),
            annual_income=int(float(row[f"annual_income{joint}"])),
            debt_to_income=float(row[f"debt_to_income{joint}"] or 0),
            employment_years=int(row["emp_length"]) if row["emp_length"] else None,
            delinquencies_2y=int(row["delinq_2y"]),
            first_credit_year=int(row["earliest_credit_line"]),
            inquiries_12m=int(row["inquiries_last_12m"]),
            open_accounts=int(row["open_credit_lines"]),
            credit_limit=int(row["total_credit_limit"]),
            credit_used=int(row["total_credit_utilized"]),
            accounts_past_due=int(row["current_accounts_delinq"]),
            bankruptcies=int(row["public_record_bankrupt"]),
        )


@cache
def real_loans() -> tuple[RealLoan, ...]:
    """All 2,000 of them, in the order of the file."""
    packed = (files("lendstream_simulator") / "data" / "loans.csv.gz").read_bytes()
    text = io.StringIO(gzip.decompress(packed).decode())
    return tuple(RealLoan.of(row) for row in csv.DictReader(text))
