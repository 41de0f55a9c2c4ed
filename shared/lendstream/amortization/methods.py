"""How each method splits a loan into instalments: pure integer arithmetic.

The exact interest of period k is `balance * factors[k] / unit`, rounded once.
"""

from collections.abc import Callable, Sequence

from .rounding import Divide
from .terms import Method

Split = tuple[list[int], list[int]]
"""Principal and interest of each instalment, minor units."""


def annuity(principal: int, factors: Sequence[int], unit: int, divide: Divide) -> int:
    """The level instalment: the payment that brings the balance to zero with the last period.

    A = P * prod(1 + f_k) / F_n with F_1 = 1 and F_k = F_(k-1) * (1 + f_k) + 1, where f_k is the rate of period
    k; with one rate f this is the textbook's P * f / (1 - (1 + f)^-n). Exact until the one rounding at the end.
    """
    first = factors[0]
    if all(factor == first for factor in factors):
        if not first:
            return divide(principal, len(factors))
        whole, growth = unit ** len(factors), (unit + first) ** len(factors)
        return divide(principal * first * growth, unit * (growth - whole))
    growth, worth, whole = unit + first, 1, 1
    for factor in factors[1:]:
        whole *= unit
        worth = worth * (unit + factor) + whole
        growth *= unit + factor
    return divide(principal * growth, unit * worth)


def equal_instalment(principal: int, factors: Sequence[int], unit: int, divide: Divide) -> Split:
    """等额本息. The last instalment takes what the rounding left."""
    payment = annuity(principal, factors, unit, divide)
    parts: list[int] = []
    interests: list[int] = []
    balance = principal
    for factor in factors:
        interest = divide(balance * factor, unit)
        part = min(max(payment - interest, 0), balance)
        balance -= part
        parts.append(part)
        interests.append(interest)
    parts[-1] += balance
    return parts, interests


def equal_principal(principal: int, factors: Sequence[int], unit: int, divide: Divide) -> Split:
    """等额本金. The last instalment takes what the rounding left."""
    part = divide(principal, len(factors))
    parts: list[int] = []
    interests: list[int] = []
    balance = principal
    for factor in factors:
        interests.append(divide(balance * factor, unit))
        parts.append(min(part, balance))
        balance -= parts[-1]
    parts[-1] += balance
    return parts, interests


SPLIT: dict[Method, Callable[[int, Sequence[int], int, Divide], Split]] = {
    Method.EQUAL_INSTALMENT: equal_instalment,
    Method.EQUAL_PRINCIPAL: equal_principal,
}
