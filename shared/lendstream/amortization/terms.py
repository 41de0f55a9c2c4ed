"""What a schedule is generated from."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from .rounding import Rounding

MAX_INSTALMENTS = 600
MAX_ANNUAL_RATE = Decimal(10)


class TermsError(ValueError):
    """Terms from which no schedule can be made: `field` names the culprit, the message says what it must be."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class Method(StrEnum):
    """How the principal is spread over the instalments."""

    EQUAL_INSTALMENT = "equal_instalment"
    """等额本息: every instalment has the same total."""
    EQUAL_PRINCIPAL = "equal_principal"
    """等额本金: every instalment repays the same principal; the interest falls."""


@dataclass(frozen=True, slots=True)
class Terms:
    """One loan's terms. Immutable; checked when made.

    principal: minor units (fen). annual_rate: nominal, 0.18 is 18 % a year. instalments: how many.
    Instalments fall due monthly on the day of the disbursement (in a shorter month on its last day); interest is
    a twelfth of the annual rate a month. instalment_fee: minor units, charged with every instalment.

    Raises TermsError.
    """

    principal: int
    annual_rate: Decimal
    instalments: int
    method: Method
    disbursed_on: date
    instalment_fee: int = 0
    rounding: Rounding = Rounding.HALF_UP

    def __post_init__(self) -> None:
        if not 1 <= self.instalments <= MAX_INSTALMENTS:
            raise TermsError("instalments", f"must be between 1 and {MAX_INSTALMENTS}, not {self.instalments}")
        if self.principal < self.instalments:
            raise TermsError("principal", f"{self.principal} minor units cannot be spread over {self.instalments}")
        if not 0 <= self.annual_rate <= MAX_ANNUAL_RATE:
            raise TermsError("annual_rate", f"must be between 0 and {MAX_ANNUAL_RATE}, not {self.annual_rate}")
        if self.instalment_fee < 0:
            raise TermsError("instalment_fee", f"must not be negative, not {self.instalment_fee}")
