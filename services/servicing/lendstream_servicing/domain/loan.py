"""A loan and its parts, and the account that it grows from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID, uuid5

from lendstream.amortization import Method
from lendstream.catalogue import Catalogue, Product
from lendstream.events.application import OfferAccepted
from lendstream.events.base import Model
from lendstream.events.decision import Terms
from lendstream.events.loan import Bucket, LoanEvent


class Status(StrEnum):
    """Where a loan stands."""

    OPENED = "opened"
    """The payout is asked for and not yet confirmed."""
    ACTIVE = "active"
    """Paid out; instalments are owed."""
    CLOSED = "closed"
    """Nothing is owed any more."""
    CANCELLED = "cancelled"
    """Ended before any money went out."""


class Approval(Model):
    """What is kept of an approving ApplicationDecided until the offer is accepted."""

    decision_id: UUID
    """The decision."""
    customer_id: UUID
    """The customer that it is about."""
    terms: Terms
    """The terms approved."""


class Instalment(NamedTuple):
    """One instalment: what is charged with it, what was paid of each part, and what became of it."""

    number: int
    due_date: date
    principal: int
    interest: int
    fee: int
    penalty: int = 0
    """Charged after the opening: the late fee."""
    principal_paid: int = 0
    interest_paid: int = 0
    fee_paid: int = 0
    penalty_paid: int = 0
    overdue_on: date | None = None
    """The business day that found it unpaid after its due date."""
    settled_on: date | None = None
    """The value date of the payment that left nothing of it."""

    @property
    def outstanding(self) -> int:
        """What is unpaid of it."""
        charged = self.principal + self.interest + self.fee + self.penalty
        return charged - self.principal_paid - self.interest_paid - self.fee_paid - self.penalty_paid


class Payment(NamedTuple):
    """Money that came in, as the channel reported it, and how far it was used."""

    payment_id: str
    amount: int
    currency: str
    value_date: date
    channel: str
    received_on: date
    """The business day that we heard of it."""
    applied_on: date | None
    """The business day that it was applied to the loan; None while it is in suspense."""
    unallocated: int
    """What of it paid no instalment: all while in suspense, later the customer's credit."""


@dataclass(frozen=True, slots=True)
class Contract:
    """What was agreed: set at the opening, never changed."""

    application_id: UUID
    customer_id: UUID
    offer_id: UUID
    decision_id: UUID
    partner: str
    reference: str
    product: str
    product_version: int
    method: Method
    principal: int
    currency: str
    annual_rate: Decimal
    upfront_fee: int
    payout_account: str
    engine: str
    opened_on: date
    interest_from: date
    submitted_at: datetime
    correlation_id: str | None = None
    """The story that the loan belongs to: of the application, not of the payments that come later."""
    traceparent: str | None = None
    """Its W3C trace context."""

    @property
    def payout(self) -> int:
        """What the customer is paid out: the principal less the upfront fee."""
        return self.principal - self.upfront_fee


@dataclass(frozen=True, slots=True)
class Awaiting:
    """An account before its loan: one half of the agreement, or only money that came too early."""

    id: UUID
    acceptance: OfferAccepted | None = None
    approval: Approval | None = None
    payments: tuple[Payment, ...] = ()


@dataclass(frozen=True, slots=True)
class Loan:
    """A loan, from its opening on."""

    id: UUID
    contract: Contract
    instalments: tuple[Instalment, ...]
    pay_on: date
    """The business day of the current payout order."""
    status: Status = Status.OPENED
    payments: tuple[Payment, ...] = ()
    """In the order of their arrival."""
    attempt: int = 1
    """The current payout order's attempt."""
    disbursed_on: date | None = None
    bank_reference: str | None = None
    bucket: Bucket = Bucket.CURRENT
    credit: int = 0
    """What was paid beyond everything owed."""
    next_action_on: date | None = None
    """The next day that ageing has something to do, if nothing is paid until then."""
    aged_through: date | None = None
    """The last day on which ageing had something to do."""
    ended_on: date | None = None
    """When it closed (value date) or was cancelled."""
    sequence: int = 0
    """The number of the last event told."""
    news: tuple[LoanEvent, ...] = ()
    """The events told since it was loaded: the store writes them into its history."""

    @property
    def principal_outstanding(self) -> int:
        """Principal still owed."""
        return sum(each.principal - each.principal_paid for each in self.instalments)

    @property
    def total_outstanding(self) -> int:
        """Everything still owed by the schedule, fees and penalties included."""
        return sum(each.outstanding for each in self.instalments)

    @property
    def overdue_amount(self) -> int:
        """What is unpaid of the instalments found overdue."""
        return sum(each.outstanding for each in self.instalments if each.overdue_on is not None)


Account = Awaiting | Loan
"""The aggregate: one account for each application, whatever of it has arrived."""
Answer = tuple[Account, tuple[LoanEvent, ...]]
"""The account after an event, and what to publish. The very same account means that nothing changed."""
Telling = Callable[..., LoanEvent]
"""An event that lacks only loan_id, customer_id and sequence: the arguments that `numbered` calls it with."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the rules are set by."""

    catalogue: Catalogue
    """The products, every version that a loan was opened with."""
    payout_attempts: int = 3
    """How often a payout is tried before the loan is cancelled."""

    def product(self, loan: Loan) -> Product:
        """The product in the version that the loan keeps."""
        return self.catalogue.product(loan.contract.product, loan.contract.product_version)


def loan_id_of(application_id: UUID) -> UUID:
    """The loan that an application becomes."""
    return uuid5(application_id, "loan")


def disbursement_id_of(loan_id: UUID, attempt: int) -> UUID:
    """The payout order of an attempt: asking again for the same attempt is the same order."""
    return uuid5(loan_id, f"disbursement/{attempt}")


def numbered(loan: Loan, told: Sequence[Telling]) -> tuple[Loan, tuple[LoanEvent, ...]]:
    """Give the events the loan's next numbers."""
    events = tuple(
        tell(loan_id=loan.id, customer_id=loan.contract.customer_id, sequence=number)
        for number, tell in enumerate(told, loan.sequence + 1)
    )
    return replace(loan, sequence=loan.sequence + len(events), news=loan.news + events), events
