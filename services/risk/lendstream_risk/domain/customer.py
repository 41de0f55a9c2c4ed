"""What risk knows of one customer: a fold over the events of the customer's applications and loans."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lendstream.events.decision import CustomerPosition


@dataclass(frozen=True, slots=True)
class Loan:
    """A loan, open unless it is `Ended`. Amounts in minor units."""

    application_id: str
    principal: int
    """Principal outstanding."""
    instalment: int
    """What it takes of a month's income: as the decision measured it, or the largest instalment still to come."""
    days_past_due: int
    sequence: int
    """The sequence of the last event folded in: an event that is not above it has been seen."""
    to_come: int = 0
    """Principal of tranches that are promised and not yet paid out."""
    limit: int = 0
    """Of a credit line: what may be owed on it at a time without another decision; else 0."""
    charged_off: bool = False
    """Given up in the books; the customer still owes it."""

    @property
    def exposure(self) -> int:
        """What is owed or promised: a draw or a tranche asks for no other decision, so it counts before it comes."""
        return max(self.principal + self.to_come, self.limit)


@dataclass(frozen=True, slots=True)
class Ended:
    """A loan that is over. It is kept whole, because a payment that bounces opens it again."""

    loan: Loan
    repaid: bool
    """Whether it is among the customer's `loans_repaid`."""


@dataclass(frozen=True, slots=True)
class Commitment:
    """An approval that is not yet a loan. Amounts in minor units."""

    amount: int
    instalment: int


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a decision was made from, enough to make it again to the byte."""

    fingerprint: str
    """Of the question: the same application asking with other facts is an error, not a new decision."""
    attempt: int
    policy_version: int
    position: Mapping[str, Any]
    """The fields of CustomerPosition that are not at their default."""


@dataclass(frozen=True, slots=True)
class Customer:
    """The state of one customer. Ids are text; mappings are never changed, only replaced."""

    loans: Mapping[str, Loan] = field(default_factory=dict)
    """Open loans by loan id."""
    commitments: Mapping[str, Commitment] = field(default_factory=dict)
    """Approvals not yet turned into a loan, by application id."""
    ended: Mapping[str, Ended] = field(default_factory=dict)
    """Loans that are over, by loan id, the latest last. So that a replay does not open them again, but news does."""
    loans_repaid: int = 0
    """Loans repaid as agreed and not opened again: neither returned in the days of cooling off nor charged off."""
    charged_off: int = 0
    """Loans ever given up in the books, paid since or not."""
    decided: Mapping[str, Remembered] = field(default_factory=dict)
    """Recent decisions by application id, oldest first."""

    def position(self, besides: str) -> CustomerPosition:
        """Where the customer stands with us, besides one application (which may have become a loan already)."""
        loans = [loan for loan in self.loans.values() if loan.application_id != besides]
        commitments = [each for key, each in self.commitments.items() if key != besides]
        return CustomerPosition(
            open_loans=len(loans) + len(commitments),
            exposure=sum(loan.exposure for loan in loans) + sum(each.amount for each in commitments),
            instalments_due=sum(loan.instalment for loan in loans) + sum(each.instalment for each in commitments),
            loans_repaid=self.loans_repaid,
            worst_days_past_due=max((loan.days_past_due for loan in loans), default=0),
        )

    def has_loan_of(self, application_id: str) -> bool:
        """Whether a loan, open or over, came from that application."""
        loans = (*self.loans.values(), *(each.loan for each in self.ended.values()))
        return any(loan.application_id == application_id for loan in loans)
