"""The close of a day in the books: what was earned and what is set aside since the last one, by product and currency.

Each journal is the difference between what an account should say at the end of the day and what it says (true-up):
whatever moved a loan in between, corrections of the past included, the account is right after the next close, and a
day closed twice posts nothing the second time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from lendstream.events.ledger import JournalKind
from lendstream.events.loan import Bucket

from .books import Drafts, draft
from .chart import ProvisionPolicy, Role

TRUED_UP = (Role.INTEREST_RECEIVABLE, Role.FEE_RECEIVABLE, Role.UNEARNED_INTEREST, Role.LOAN_LOSS_ALLOWANCE)
"""The accounts that a close brings to their targets."""


@dataclass(slots=True)
class Position:
    """A product's active loans in one currency at the end of a day, and what the books say before the close."""

    product: str
    currency: str
    interest: int = 0
    """Interest earned of customers and not settled; negative where they paid ahead."""
    fee: int = 0
    """Fees due and unpaid."""
    unearned: int = 0
    """Subsidised interest that is still to be earned."""
    principal: dict[Bucket, int] = field(default_factory=dict)
    """Principal owed, by delinquency."""
    balances: dict[Role, int] = field(default_factory=dict)
    """What the books say: debits less credits."""

    def targets(self, policy: ProvisionPolicy) -> Mapping[Role, int]:
        """What the books should say, debits less credits, account by account."""
        return {
            Role.INTEREST_RECEIVABLE: self.interest,
            Role.FEE_RECEIVABLE: self.fee,
            Role.UNEARNED_INTEREST: -self.unearned,
            Role.LOAN_LOSS_ALLOWANCE: -sum(self.provision(policy).values()),
        }

    def provision(self, policy: ProvisionPolicy) -> Mapping[Bucket, int]:
        """What is set aside for losses, by delinquency."""
        return {bucket: policy.amount(bucket, principal) for bucket, principal in self.principal.items()}


def true_up(position: Position, policy: ProvisionPolicy, day: date) -> Drafts:
    """The journals that bring the books to what they should say at the end of the day."""
    targets = position.targets(policy)
    interest, fee, unearned, allowance = (targets[role] - position.balances.get(role, 0) for role in TRUED_UP)
    currency, reference = position.currency, f"day {day}"
    return (
        *draft(
            JournalKind.ACCRUAL,
            day,
            currency,
            reference,
            (Role.INTEREST_RECEIVABLE, interest),
            (Role.INTEREST_INCOME, -interest),
            (Role.FEE_RECEIVABLE, fee),
            (Role.FEE_INCOME, -fee),
        ),
        *draft(
            JournalKind.SUBSIDY,
            day,
            currency,
            reference,
            (Role.UNEARNED_INTEREST, unearned),
            (Role.INTEREST_INCOME, -unearned),
        ),
        *draft(
            JournalKind.PROVISION,
            day,
            currency,
            reference,
            (Role.PROVISION_EXPENSE, -allowance),
            (Role.LOAN_LOSS_ALLOWANCE, allowance),
        ),
    )
