"""Exact integer rounding. Amounts are whole minor units; quotients are never formed in floating point."""

from collections.abc import Callable
from enum import StrEnum
from fractions import Fraction


class Rounding(StrEnum):
    """What happens to half a minor unit."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"


def half_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` to the nearest integer, halves upwards (the denominator is positive)."""
    return (numerator + (denominator >> 1)) // denominator


def half_even(numerator: int, denominator: int) -> int:
    """`numerator / denominator` to the nearest integer, halves to the even one (the denominator is positive)."""
    quotient, rest = divmod(numerator, denominator)
    twice = 2 * rest
    if twice > denominator or (twice == denominator and quotient & 1):
        return quotient + 1
    return quotient


Divide = Callable[[int, int], int]

DIVIDE: dict[Rounding, Divide] = {Rounding.HALF_UP: half_up, Rounding.HALF_EVEN: half_even}


def rounded(value: Fraction, mode: Rounding = Rounding.HALF_UP) -> int:
    """An exact amount in minor units, rounded to a whole one."""
    return DIVIDE[mode](value.numerator, value.denominator)
