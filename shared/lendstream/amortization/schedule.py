"""The result: instalments and their sums."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from .terms import Terms


class Instalment(NamedTuple):
    """One due payment; amounts in minor units. `balance_after` is the principal still owed once it is paid."""

    number: int
    due_date: date
    principal: int
    interest: int
    fee: int
    balance_after: int

    @property
    def total(self) -> int:
        """What the customer pays on the due date."""
        return self.principal + self.interest + self.fee


@dataclass(frozen=True, slots=True)
class Schedule:
    """Every instalment of a loan, with the terms and the engine version they were made by."""

    terms: Terms
    instalments: tuple[Instalment, ...]
    engine: str

    @property
    def total_interest(self) -> int:
        """Interest over the whole life, minor units."""
        return sum(row.interest for row in self.instalments)

    @property
    def total_instalment_fees(self) -> int:
        """Fees charged with the instalments, minor units."""
        return sum(row.fee for row in self.instalments)

    @property
    def total(self) -> int:
        """Everything due by instalments, minor units."""
        return sum(row.principal + row.interest + row.fee for row in self.instalments)
