"""Annual rates from cash flows, to the same digits on any machine.

Regular flows are solved in integers (fixed-point Newton), irregular ones in decimals of 40 digits.
"""

from collections.abc import Callable, Sequence
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from typing import NamedTuple

BITS = 80
ONE = 1 << BITS
_SLOPE_BITS = 20
_SMALL_STEP = 1 << BITS // 2 - 4
"""A step squares the error (times at most the number of payments): after one so small it is in the last places."""
_LARGEST_GUESS = 2.0
_CLOSE = 1e-8
"""A step in floating point after which another one would only find the limits of floating point."""
_DECIMALS = Context(prec=40)
_SETTLED = Decimal("1e-30")
_HIGHEST_RATE = Decimal(10_000)


class NoRateError(ValueError):
    """At no rate are these flows worth nothing: they need money that flows both ways."""


class Flow(NamedTuple):
    """Money that changes hands `periods` and an odd `fraction` of a period after the start; received is negative."""

    amount: int
    periods: int
    fraction: Fraction = Fraction(0)


def discount_factor(received: int, payments: Sequence[int], rate: float = 0.0) -> int:
    """v = 1 / (1 + rate per period), in 2^-BITS, at which `payments` (none negative) are worth what was `received`.

    Solves sum(payment_k * v^k) = received, payment_k at the end of period k. The left side rises and is convex
    for v > 0, so Newton's method reaches the one solution from any start: at most two steps in floating point from
    the given rate make a guess, then the value is taken exactly, in integers, until it is settled. Floating point
    only gives directions; it never decides a digit. Raises NoRateError.
    """
    backwards = payments[::-1]
    if received <= 0 or not sum(payments):
        raise NoRateError("nothing received or nothing paid")
    guess = 1 / (1 + rate)
    for _ in range(2):
        value, slope = _at(guess, backwards)
        error = (value - received) / slope
        guess -= error
        if -_CLOSE < error < _CLOSE:
            break
    if not 0 < guess < _LARGEST_GUESS:
        guess = 1.0
        _, slope = _at(guess, backwards)
    v, target = int(guess * ONE), received << BITS
    while True:
        exact = 0
        for payment in backwards:
            exact = (exact * v >> BITS) + (payment << BITS)
        step = ((exact * v >> BITS) - target << _SLOPE_BITS) // int(slope * (1 << _SLOPE_BITS))
        v -= step
        if abs(step) < _SMALL_STEP:
            return v
        _, slope = _at(v / ONE, backwards)


def _at(v: float, backwards: Sequence[int]) -> tuple[float, float]:
    """The sum at v and its slope there."""
    value = slope = 0.0
    for payment in backwards:
        slope = slope * v + value
        value = value * v + payment
    return value * v, slope * v + value


def internal_rate(received: int, payments: Sequence[int]) -> Decimal:
    """The rate per period (内部收益率) of a loan of so much, repaid by one payment at the end of each period.

    Raises NoRateError.
    """
    return _DECIMALS.divide(Decimal(ONE), Decimal(discount_factor(received, payments))) - 1


def worth(flows: Sequence[Flow], rate: Decimal) -> Decimal:
    """Present value of the flows: whole periods compounded, odd fractions at simple interest.

    The actuarial method of 12 CFR 1026 (Regulation Z), Appendix J: amount / ((1 + f i) (1 + i)^t).
    """
    with localcontext(_DECIMALS):
        return sum(
            (
                amount / ((1 + rate * fraction.numerator / fraction.denominator) * (1 + rate) ** periods)
                for amount, periods, fraction in flows
            ),
            Decimal(0),
        )


def actuarial_rate(flows: Sequence[Flow]) -> Decimal:
    """The rate per period at which the flows are worth nothing (the nearest to 0, if several). Raises NoRateError."""
    return _root(lambda rate: worth(flows, rate))


def effective_rate(flows: Sequence[tuple[int, Fraction]]) -> Decimal:
    """The annual rate of flows (amount, years after the start): sum(amount / (1 + X)^years) = 0.

    The annual percentage rate of charge of Directive 2008/48/EC, Annex I. Raises NoRateError.
    """

    def at(rate: Decimal) -> Decimal:
        logarithm = (1 + rate).ln()
        values = (amount * (-logarithm * years.numerator / years.denominator).exp() for amount, years in flows)
        return sum(values, Decimal(0))

    return _root(at)


def periods_needed(balance: int, rate: Decimal, payment: int, rest: int = 0) -> Decimal:
    """Periods until a payment a period brings the balance to `rest`: a fraction tells of a smaller last one.

    n = ln((payment - rest * rate) / (payment - balance * rate)) / ln(1 + rate). Raises NoRateError if never.
    """
    with localcontext(_DECIMALS):
        if not rate and payment:
            return Decimal(balance - rest) / payment
        before, after = payment - balance * rate, payment - rest * rate
        if not rate or before * after <= 0:
            raise NoRateError(f"{payment} a period never brings {balance} to {rest}")
        return (after / before).ln() / (1 + rate).ln()


def _root(value_at: Callable[[Decimal], Decimal]) -> Decimal:
    """The rate nearest to 0 where the value is 0: bracketed outwards from 0, then narrowed (regula falsi, Illinois)."""
    with localcontext(_DECIMALS):
        origin = value_at(Decimal(0))
        low, low_value, high, high_value = Decimal(0), origin, Decimal(0), origin
        step = Decimal("0.005")
        while origin:
            previous = (low, low_value, high, high_value)
            high, low = high + step, low - min(step, (1 + low) / 2)
            high_value, low_value = value_at(high), value_at(low)
            if high_value * previous[3] <= 0:
                return _narrowed(value_at, previous[2], previous[3], high, high_value)
            if low_value * previous[1] <= 0:
                return _narrowed(value_at, low, low_value, previous[0], previous[1])
            if high > _HIGHEST_RATE:
                raise NoRateError("these flows have no rate")
            step *= Decimal("1.25")
        return origin


def _narrowed(
    value_at: Callable[[Decimal], Decimal], low: Decimal, at_low: Decimal, high: Decimal, at_high: Decimal
) -> Decimal:
    """Between two rates with values of different sign."""
    while at_high and abs(high - low) > _SETTLED:
        middle = high - at_high * (high - low) / (at_high - at_low)
        at_middle = value_at(middle)
        if at_middle * at_high < 0:
            low, at_low = high, at_high
        else:
            at_low /= 2
        moved = abs(middle - high)
        high, at_high = middle, at_middle
        if moved <= _SETTLED:
            break
    return high
