"""Annual rates from cash flows, in integers: fixed-point Newton, so the same flows give the same digits anywhere."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

_BITS = 96
_ONE = 1 << _BITS


def internal_rate(received: int, payments: Sequence[int]) -> Fraction:
    """The rate per period at which `payments` (one at the end of each period) are worth what was `received`.

    Solves sum(payment_k * v^k) = received for v = 1 / (1 + rate). The left side rises and is convex for v > 0,
    so Newton's method converges from any start. Raises ValueError where no rate exists: nothing received or
    nothing paid.
    """
    if received <= 0 or not any(payments):
        raise ValueError("a rate needs money received and money paid")
    v = _ONE
    while True:
        value = slope = 0
        for payment in reversed(payments):
            slope = ((slope * v) >> _BITS) + value
            value = ((value * v) >> _BITS) + (payment << _BITS)
        slope = ((slope * v) >> _BITS) + value
        value = (value * v) >> _BITS
        step = ((value - (received << _BITS)) << _BITS) // slope
        v -= step
        if -2 <= step <= 2:
            return Fraction(_ONE, v) - 1


def to_decimal(value: Fraction, places: int) -> Decimal:
    """The value rounded (half up, away from zero) to so many decimal places."""
    scaled = abs(value) * 10**places
    digits = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(digits if value >= 0 else -digits).scaleb(-places)
