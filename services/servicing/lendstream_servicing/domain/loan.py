"""A loan and its parts, and the account that it grows from.

A loan is what was agreed (its contract), what has happened to it (its entries: money in, relief, payouts, charge-off),
and where that leaves it (its instalments). The last follows from the first two alone: `walk` derives it, and derives it
anew when an entry of the past turns up or is taken back.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID, uuid5

from lendstream.amortization import Method
from lendstream.catalogue import Catalogue, Product
from lendstream.events.application import OfferAccepted
from lendstream.events.base import Model
from lendstream.events.decision import Terms
from lendstream.events.intake import LoanOptions
from lendstream.events.ledger import JournalPosted
from lendstream.events.loan import Bucket, ClosingReason, LoanEvent, Recipient
from lendstream.events.payment import PaymentIntent
from lendstream.journal_chain import START, Chain

from .chart import Role

if TYPE_CHECKING:
    from dataclasses import replace as replace
else:

    def replace(state, **fields):
        """`dataclasses.replace` for what is below, at a tenth of its cost: every step of a rule makes a state anew."""
        fresh = object.__new__(type(state))
        values = fresh.__dict__
        values.update(state.__dict__)
        values.update(fields)
        return fresh


class Status(StrEnum):
    """Where a loan stands."""

    OPENED = "opened"
    """The payout is asked for and not yet confirmed."""
    ACTIVE = "active"
    """Paid out; instalments are owed."""
    CHARGED_OFF = "charged_off"
    """Given up in the books; still owed, and what is paid is a recovery."""
    CLOSED = "closed"
    """Nothing is owed any more."""
    CANCELLED = "cancelled"
    """Ended before any money went out."""


PAID_OUT = frozenset({Status.ACTIVE, Status.CHARGED_OFF, Status.CLOSED})
"""Where a loan stands once its money is out."""


class Kind(StrEnum):
    """What an entry is."""

    __hash__ = str.__hash__  # an enum's own is a function of Python, and rules are found by kind

    PAYMENT = "payment"
    """Money that came in."""
    WAIVER = "waiver"
    """The lender lets go of an amount."""
    RELIEF = "relief"
    """A restructure for a customer in hardship."""
    CHARGE_OFF = "charge_off"
    """The loan is given up in the books."""
    TRANCHE = "tranche"
    """A later part of the principal was paid out."""
    DRAW = "draw"
    """Money was drawn on a credit line and paid out."""
    REFUND = "refund"
    """A credit balance was given back."""


class Approval(Model):
    """What is kept of an approving ApplicationDecided until the offer is accepted."""

    decision_id: UUID
    """The decision."""
    customer_id: UUID
    """The customer that it is about."""
    terms: Terms
    """The terms approved."""


class Instalment(NamedTuple):
    """One instalment: what is charged with it, what was settled of each part, and what became of it.

    Settled means paid or waived. Amounts in minor units.
    """

    number: int
    due_date: date
    principal: int
    interest: int
    fee: int
    subsidy: int = 0
    """Interest of it that others than the customer bear."""
    late_fee: int = 0
    penalty: int = 0
    """Penalty interest charged so far."""
    principal_paid: int = 0
    interest_paid: int = 0
    fee_paid: int = 0
    penalty_paid: int = 0
    """Settled of late fee and penalty interest."""
    overdue_on: date | None = None
    """The day after its due date, if it was unpaid then."""
    settled_on: date | None = None
    """The value date of what left nothing of it."""
    penalty_base: int = 0
    """What penalty interest is charged on: overdue minor units, each for each day, exact."""
    penalty_to: date | None = None
    """The day that the base is counted to."""

    @property
    def outstanding(self) -> int:
        """What is unpaid of it."""
        charged = self.principal + self.interest + self.fee + self.late_fee + self.penalty
        return charged - self.principal_paid - self.interest_paid - self.fee_paid - self.penalty_paid


class Part(NamedTuple):
    """What of an entry went to one instalment, minor units."""

    instalment: int
    fee: int
    penalty: int
    interest: int
    principal: int
    settled: bool

    def told(self) -> Any:
        """As the contract tells it: the fields of an Allocation, checked with the event that they become part of."""
        return self._asdict()


class Entry(NamedTuple):
    """Something that happened to the loan, as it was reported, and how far it was used."""

    id: str
    """Of a payment, the channel's number; of what we did ourselves, a UUID."""
    kind: Kind
    amount: int
    currency: str
    value_date: date
    """The day from which it counts."""
    channel: str
    received_on: date
    """The business day that we heard of it."""
    applied_on: date | None = None
    """The business day that it was applied to the loan; None while it is in suspense."""
    unallocated: int = 0
    """Of money that came in, what paid nothing: all while in suspense, later the customer's credit."""
    intent: PaymentIntent | None = None
    fee: int = 0
    """Of money that came in, what paid the fee for repaying early."""
    parts: tuple[Part, ...] = ()
    """What it settled; of a charge-off, what was given up, as instalment 0; of relief, what was waived."""
    capitalised: tuple[int, int, int] = (0, 0, 0)
    """Of relief: interest, fees and penalties that became principal."""
    recovery: bool = False
    """Of money that came in: whether the loan was charged off before."""
    undone_on: date | None = None
    """The business day that it was taken back: since then it is as if it had never been."""
    reason: str = ""
    """Why it was done, or taken back."""
    detail: str = ""
    """Of relief, waivers and draws: what was agreed, as JSON; of money given to another loan, its number there."""


@dataclass(frozen=True)
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
    tenor: int
    """The instalments agreed."""
    upfront_fee: int
    payout_account: str
    engine: str
    opened_on: date
    interest_from: date
    submitted_at: datetime
    debit_account: str | None = None
    """Where direct debit collects; None: the customer pays by himself."""
    recipient: Recipient = Recipient.CUSTOMER
    credit_limit: int = 0
    """Of a credit line: the most that may be owed."""
    options: LoanOptions | None = None
    """What the customer chose beside amount and tenor."""
    correlation_id: str | None = None
    """The story that the loan belongs to: of the application, not of the payments that come later."""
    traceparent: str | None = None
    """Its W3C trace context."""

    @property
    def later(self) -> int:
        """The principal that is paid out later, in tranches."""
        return sum(each.amount for each in self.options.tranches) if self.options else 0

    @property
    def payout(self) -> int:
        """What is paid out first: the principal less the upfront fee and the tranches."""
        return self.principal - self.upfront_fee - self.later


class Owed(NamedTuple):
    """What is owed of a loan, minor units."""

    principal: int
    total: int
    """By the schedule, fees and penalties included."""
    overdue: int
    """Of the instalments found overdue."""


class Payout(NamedTuple):
    """A payout after the first: a tranche or a draw."""

    part: int
    """Its number, from 1."""
    amount: int
    pay_on: date
    kind: Kind
    instalments: int = 0
    """Of a draw: over how many instalments everything owed is repaid then."""
    attempt: int = 0
    """Of the order; 0 until it is given."""
    done_on: date | None = None
    """The value date of the payout."""
    cancelled: bool = False


class Debit(NamedTuple):
    """Where direct debit stands."""

    next_on: date | None = None
    """The day of the next order."""
    due: date | None = None
    """The due date that the running orders are for."""
    attempt: int = 0
    """The last attempt for that due date."""
    waits_for: UUID | None = None
    """The order that is not answered yet."""


NO_DEBIT = Debit()


@dataclass(frozen=True)
class Awaiting:
    """An account before its loan: one half of the agreement, or only money that came too early."""

    id: UUID
    acceptance: OfferAccepted | None = None
    approval: Approval | None = None
    entries: tuple[Entry, ...] = ()
    chain: Chain = START
    journals: tuple[JournalPosted, ...] = ()
    """The journals posted since it was loaded."""


@dataclass(frozen=True)
class Loan:
    """A loan, from its opening on."""

    id: UUID
    contract: Contract
    instalments: tuple[Instalment, ...]
    pay_on: date
    """The business day of the current payout order."""
    annual_rate: Decimal
    """The nominal rate now."""
    status: Status = Status.OPENED
    entries: tuple[Entry, ...] = ()
    """In the order of their arrival."""
    original: tuple[Instalment, ...] = ()
    """The schedule as it was opened, once the instalments are others."""
    anchor_on: date | None = None
    """The day of the running period until which its interest is known: where the balance changed in its midst."""
    anchor_interest: int = 0
    """The customer's interest of the running period until then."""
    anchor_subsidy: int = 0
    """The others' interest of the running period until then."""
    late_interest: int = 0
    """Interest of the running period beyond its instalment's, if what is overdue stays unpaid until its end."""
    walked_to: date | None = None
    """The last day that the instalments depend on."""
    payouts: tuple[Payout, ...] = ()
    """After the first."""
    debit: Debit = NO_DEBIT
    refund: int = 0
    """What the channel is asked to give back and has not confirmed."""
    refunds: int = 0
    """Refund orders given so far."""
    attempt: int = 1
    """The current payout order's attempt."""
    pays_to: str | None = None
    """The account that is paid out to, where the one agreed could not be."""
    disbursed_on: date | None = None
    bank_reference: str | None = None
    bucket: Bucket = Bucket.CURRENT
    credit: int = 0
    """What was paid beyond everything owed, and not given back."""
    next_action_on: date | None = None
    """The next day that something happens by itself."""
    aged_through: date | None = None
    """The last day on which something happened by itself."""
    charged_off_on: date | None = None
    ended_on: date | None = None
    """When it closed (value date) or was cancelled."""
    ending: ClosingReason | None = None
    """How it closed."""
    sequence: int = 0
    """The number of the last event told."""
    news: tuple[LoanEvent, ...] = ()
    """The events told since it was loaded: the store writes them into its history."""
    chain: Chain = START
    journals: tuple[JournalPosted, ...] = ()
    """The journals posted since it was loaded."""

    @property
    def undrawn(self) -> int:
        """Scheduled principal that is not paid out yet, of a loan in tranches.

        Nothing once all has been called in: what a tranche still brings is then owed at once.
        """
        if not self.payouts or not any(each.kind is Kind.TRANCHE for each in self.payouts):
            return 0
        contract = self.contract
        out = contract.principal - contract.later + sum(each.amount for each in self.payouts if each.done_on)
        became = sum(sum(entry.capitalised) for entry in self.entries if entry.undone_on is None)
        return sum(row.principal for row in self.instalments) - out - became

    @property
    def owed(self) -> "Owed":
        """What is owed now."""
        principal = total = overdue = 0
        for row in self.instalments:  # by places, not by names: this runs over all instalments of every loan saved
            part = row[2] - row[8]
            outstanding = part + row[3] - row[9] + row[4] - row[10] + row[6] + row[7] - row[11]
            principal += part
            total += outstanding
            if row[12] is not None:
                overdue += outstanding
        undrawn = self.undrawn
        return Owed(principal - undrawn, total - undrawn, overdue)

    @property
    def principal_outstanding(self) -> int:
        """Principal still owed."""
        return self.owed.principal

    @property
    def total_outstanding(self) -> int:
        """Everything still owed by the schedule, fees and penalties included."""
        return self.owed.total

    @property
    def overdue_amount(self) -> int:
        """What is unpaid of the instalments found overdue."""
        return self.owed.overdue


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
    accounts: Mapping[Role, str]
    """The numbers of the chart of accounts."""
    payout_attempts: int = 3
    """How often a payout is tried before it is given up."""

    def product(self, loan: Loan) -> Product:
        """The product in the version that the loan keeps."""
        return self.catalogue.product(loan.contract.product, loan.contract.product_version)


def loan_id_of(application_id: UUID) -> UUID:
    """The loan that an application becomes."""
    return uuid5(application_id, "loan")


def disbursement_id_of(loan_id: UUID, attempt: int, part: int = 0) -> UUID:
    """The payout order of an attempt: asking again for the same attempt is the same order."""
    return uuid5(loan_id, f"disbursement/{part}/{attempt}" if part else f"disbursement/{attempt}")


def numbered(loan: Loan, told: Sequence[Telling]) -> tuple[Loan, tuple[LoanEvent, ...]]:
    """Give the events the loan's next numbers."""
    if not told:
        return loan, ()
    events = tuple(
        tell(loan_id=loan.id, customer_id=loan.contract.customer_id, sequence=number)
        for number, tell in enumerate(told, loan.sequence + 1)
    )
    return replace(loan, sequence=loan.sequence + len(events), news=loan.news + events), events
