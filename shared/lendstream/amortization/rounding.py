"""Exact integer rounding. Amounts are whole minor units; quotients are never formed in floating point."""

from collections.abc import Callable
from enum import StrEnum
from fractions import Fraction


class Rounding(StrEnum):
    """Which integer stands for a quotient that lies between two."""

    HALF_UP = "half_up"
    """The nearest; halves upwards."""
    HALF_EVEN = "half_even"
    """The nearest; halves to the even one."""
    UP = "up"
    DOWN = "down"


# To read a member from its enum costs more than to round with it.
_HALF_EVEN, _UP, _DOWN = Rounding.HALF_EVEN, Rounding.UP, Rounding.DOWN

Divide = Callable[[int, int], int]
"""(numerator, positive denominator) -> the rounded quotient."""


def half_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` to the nearest integer, halves upwards."""
    return (numerator + (denominator >> 1)) // denominator


def half_even(numerator: int, denominator: int) -> int:
    """`numerator / denominator` to the nearest integer, halves to the even one."""
    quotient, rest = divmod(numerator, denominator)
    twice = 2 * rest
    if twice > denominator or (twice == denominator and quotient & 1):
        return quotient + 1
    return quotient


def up(numerator: int, denominator: int) -> int:
    """The smallest integer not below `numerator / denominator`."""
    return -(-numerator // denominator)


def down(numerator: int, denominator: int) -> int:
    """The largest integer not above `numerator / denominator`."""
    return numerator // denominator


DIVIDE: dict[Rounding, Divide] = {
    Rounding.HALF_UP: half_up,
    Rounding.HALF_EVEN: half_even,
    Rounding.UP: up,
    Rounding.DOWN: down,
}


def offset(mode: Rounding, denominator: int) -> tuple[int, bool]:
    """What to add to a numerator so that floor division by the denominator rounds by the mode.

    The second tells whether a division without rest then was a tie, from which an odd quotient goes down by 1.
    For loops, where a call for each division would cost more than the division.
    """
    if mode is _UP:
        return denominator - 1, False
    if mode is _DOWN:
        return 0, False
    return denominator >> 1, mode is _HALF_EVEN and not denominator & 1


def to_multiple(divide: Divide, multiple: int) -> Divide:
    """The same rounding, to a multiple of so many units."""
    if multiple == 1:
        return divide
    return lambda numerator, denominator: multiple * divide(numerator, denominator * multiple)


def rounded(value: Fraction, mode: Rounding = Rounding.HALF_UP) -> int:
    """An exact amount in minor units, rounded to a whole one."""
    return DIVIDE[mode](value.numerator, value.denominator)
