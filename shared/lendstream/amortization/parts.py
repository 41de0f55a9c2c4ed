"""What a loan's terms may hold besides amount, rate and tenor."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from .errors import TermsError

MAX_ANNUAL_RATE = Decimal(10)


class When(StrEnum):
    """When a fee is charged."""

    OPENING = "opening"
    INSTALMENT = "instalment"


class Basis(StrEnum):
    """What a fee's rate is a share of."""

    PRINCIPAL = "principal"
    """The loan's principal."""
    BALANCE = "balance"
    """The principal owed during the period; for insurance on the outstanding debt."""
    INSTALMENT = "instalment"
    """The instalment's principal and interest."""


@dataclass(frozen=True, slots=True)
class Fee:
    """A charge: `amount` minor units plus `rate` of its basis, each time. Opening fees are kept from the payout.

    code: stable name, "insurance". payee: who takes it, "lender" or another party. Raises TermsError.
    """

    code: str
    when: When
    amount: int = 0
    rate: Decimal = Decimal(0)
    basis: Basis = Basis.PRINCIPAL
    payee: str = "lender"

    def __post_init__(self) -> None:
        if self.amount < 0 or not 0 <= self.rate < 1:
            raise TermsError("fees", f"{self.code}: the amount must not be negative and the rate below 1")
        if self.when is When.OPENING and self.basis is Basis.INSTALMENT:
            raise TermsError("fees", f"{self.code}: there is no instalment at the opening")


@dataclass(frozen=True, slots=True)
class Subsidy:
    """Interest that another than the customer bears: a merchant's free credit, a state's share, a coupon.

    payer: who bears it, "merchant". share: of the interest of the instalments `first` to `last` (None: all).
    cap: at most so many minor units in all (a coupon of 50 yuan: share 1, cap 5000). Raises TermsError.
    """

    payer: str
    share: Decimal = Decimal(1)
    first: int = 1
    last: int | None = None
    cap: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise TermsError("subsidies", f"{self.payer}: the share must be above 0 and at most 1, not {self.share}")
        if self.first < 1 or (self.last is not None and self.last < self.first):
            raise TermsError("subsidies", f"{self.payer}: instalments {self.first} to {self.last} do not exist")
        if self.cap is not None and self.cap < 0:
            raise TermsError("subsidies", f"{self.payer}: the cap must not be negative, not {self.cap}")


@dataclass(frozen=True, slots=True)
class Tranche:
    """A later part of the principal, paid out on a day: the instalments from its period on are computed anew.

    Raises TermsError.
    """

    on: date
    amount: int

    def __post_init__(self) -> None:
        if self.amount <= 0:
            raise TermsError("tranches", f"must be positive, not {self.amount}")


@dataclass(frozen=True, slots=True)
class RateChange:
    """Another annual rate from a day on: the instalments from its period on are computed anew.

    Raises TermsError.
    """

    on: date
    annual_rate: Decimal

    def __post_init__(self) -> None:
        if not 0 <= self.annual_rate <= MAX_ANNUAL_RATE:
            raise TermsError("rate_changes", f"must be between 0 and {MAX_ANNUAL_RATE}, not {self.annual_rate}")


@dataclass(frozen=True, slots=True)
class Income:
    """The instalment as a share of the income declared for a period, between a floor and a cap.

    Amounts in minor units. Raises TermsError.
    """

    declared: int
    share: Decimal
    floor: int
    cap: int

    def __post_init__(self) -> None:
        if self.declared < 0 or not 0 < self.share <= 1:
            raise TermsError("income", "the declared income must not be negative, the share above 0 and at most 1")
        if not 0 < self.floor <= self.cap:
            raise TermsError("income", f"must hold 0 < floor <= cap, not {self.floor}, {self.cap}")
