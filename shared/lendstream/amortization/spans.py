"""A balance and the periods it is to be spread over: what the methods work on."""

from collections.abc import Sequence
from dataclasses import dataclass

from .periods import Periods
from .rounding import Divide
from .terms import Terms


@dataclass(slots=True)
class Span:
    """The interest of period k is `balance * factors[k] / unit`, exact until its one rounding.

    level: the factors a level instalment is computed from. first_interest: the interest of the first period
    where it is already known.
    """

    terms: Terms
    balance: int
    factors: Sequence[int]
    level: Sequence[int]
    unit: int
    first_interest: int | None = None

    def interest(self, divide: Divide) -> int:
        """Interest of the first period."""
        if self.first_interest is not None:
            return self.first_interest
        return divide(self.balance * self.factors[0], self.unit)

    def after(self, grace: int) -> "Span":
        """The same without the first so many periods, in which nothing is repaid."""
        return Span(self.terms, self.balance, self.factors[grace:], self.level[grace:], self.unit)


def span_from(
    terms: Terms, periods: Periods, start: int, balance: int, rate: int, of: int, first_interest: int | None = None
) -> Span:
    """The periods from number `start` on (0 is the first) at the annual rate `rate / of`."""
    unit = of * periods.base
    factors = [rate * weight for weight in (periods.weights[start:] if start else periods.weights)]
    level = factors
    if terms.conventions.level_share is not None:
        nominal = rate * periods.level_weight
        free = terms.options.interest_free - start
        level = [nominal] * len(factors)
        if free > 0:
            level[:free] = [0] * free
    elif first_interest is not None:
        # The first period counts for what it really costs, first_interest / balance; all the others as ever.
        level = [first_interest * unit, *(factor * balance for factor in factors[1:])]
        factors, unit = [factor * balance for factor in factors], unit * balance
    if terms.options.amortised_over:
        nominal = rate * periods.level_weight * (unit // (of * periods.base))
        level = [*level, *[nominal] * (terms.options.amortised_over - terms.instalments)]
    return Span(terms, balance, factors, level, unit, first_interest)
