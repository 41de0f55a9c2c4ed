"""The result: instalments and their sums."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from .terms import Terms


class Instalment(NamedTuple):
    """One due payment; amounts in minor units.

    number: from 1; 0 is due at the disbursement. interest: what the customer pays of it. subsidy: what others
    pay of it. fee: all fees. balance_after: the principal still owed once the instalment is paid.
    """

    number: int
    due_date: date
    principal: int
    interest: int
    fee: int
    balance_after: int
    subsidy: int = 0

    @property
    def total(self) -> int:
        """What the customer pays on the due date."""
        return self.principal + self.interest + self.fee


class Schedule(NamedTuple):
    """Every instalment of a loan, with the terms and the engine version they were made by.

    subsidies: the interest each payer bears, instalment by instalment.
    """

    terms: Terms
    instalments: tuple[Instalment, ...]
    engine: str
    subsidies: Mapping[str, tuple[int, ...]]

    @property
    def opening_balance(self) -> int:
        """The principal owed right after the disbursement, minor units: without down payment and later tranches."""
        balance, first = self.terms.principal, self.instalments[0]
        if self.terms.options.tranches:
            balance -= sum(tranche.amount for tranche in self.terms.options.tranches)
        return balance if first.number else balance - first.principal

    @property
    def total_interest(self) -> int:
        """The customer's interest over the whole life, minor units."""
        return sum([row.interest for row in self.instalments])

    @property
    def total_instalment_fees(self) -> int:
        """Fees charged with the instalments, minor units."""
        return sum(row.fee for row in self.instalments)

    @property
    def total_subsidy(self) -> int:
        """Interest that others than the customer bear, minor units."""
        return sum(row.subsidy for row in self.instalments)

    @property
    def total(self) -> int:
        """Everything the customer pays by instalments, minor units."""
        return sum(row.principal + row.interest + row.fee for row in self.instalments)
