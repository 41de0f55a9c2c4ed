"""What is put on top of interest (fees) and taken off it (subsidies)."""

from .parts import Basis, Fee, Subsidy, When
from .terms import Terms


def opening_fee(terms: Terms, fee: Fee) -> int:
    """What the fee takes from the payout, minor units."""
    if fee.when is not When.OPENING:
        return 0
    return fee.amount + _share(terms, fee, terms.principal)


def instalment_fee(terms: Terms, fee: Fee, due: int, owed: int) -> int:
    """What the fee adds to an instalment of `due` principal and interest on `owed` principal, minor units."""
    if fee.when is not When.INSTALMENT:
        return 0
    base = due if fee.basis is Basis.INSTALMENT else owed if fee.basis is Basis.BALANCE else terms.principal
    return fee.amount + _share(terms, fee, base)


def _share(terms: Terms, fee: Fee, base: int) -> int:
    rate, of = fee.rate.as_integer_ratio()
    return terms.conventions.divide(base * rate, of)


def subsidised(terms: Terms, subsidy: Subsidy, interests: list[int]) -> list[int]:
    """The part of each instalment's interest that the payer of this subsidy bears, minor units."""
    rate, of = subsidy.share.as_integer_ratio()
    divide = terms.conventions.divide
    left = sum(interests) if subsidy.cap is None else subsidy.cap
    borne = []
    for number, interest in enumerate(interests, 1):
        covered = subsidy.first <= number <= (subsidy.last or number)
        part = min(divide(interest * rate, of), interest, left) if covered else 0
        left -= part
        borne.append(part)
    return borne
