"""What `servicing` publishes on `lending.ledger.v1`: the books, in double entry, keyed by the book they belong to."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from lendstream.events.base import Currency, Event, Model, ProductCode, ShortText

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", examples=["9f86d081884c7d65" * 4])]
"""SHA-256, in hexadecimal."""


class JournalKind(StrEnum):
    """What a journal records."""

    DISBURSEMENT = "disbursement"
    ACCRUAL = "accrual"
    """Interest, fees and penalties earned since the last day, by product."""
    REPAYMENT = "repayment"
    REALLOCATION = "reallocation"
    """A payment that now counts differently."""
    REVERSAL = "reversal"
    """A payment that bounced."""
    WAIVER = "waiver"
    CAPITALISATION = "capitalisation"
    """Arrears that became principal."""
    CHARGE_OFF = "charge_off"
    RECOVERY = "recovery"
    REFUND = "refund"
    SUSPENSE = "suspense"
    """Money that belongs to no loan yet, or was matched to one."""
    SUBSIDY = "subsidy"
    """Interest that others than the customer bear."""
    PROVISION = "provision"


class JournalLine(Model):
    """One side of a journal: a debit if positive, a credit if negative."""

    account: Annotated[str, Field(pattern=r"^[0-9]{4,8}$", examples=["1301"])]
    """The account's number in the chart of accounts."""
    amount: Annotated[int, Field(ge=-(2**53 - 1), le=2**53 - 1, examples=[120_000])]
    """Minor units of the journal's currency: positive debits the account, negative credits it; never 0."""


class JournalPosted(Event):
    """A balanced journal was posted; a posted journal never changes, a mistake is posted back."""

    book: Annotated[str, Field(min_length=1, max_length=64, examples=["product:cash-small:CNY"])]
    """Whose chain the journal belongs to: a loan's id, or `product:<code>:<currency>` for what is booked by product."""
    number: Annotated[int, Field(ge=1, examples=[1])]
    """Its place in the chain: 1, 2, 3 ... without gaps."""
    journal_id: UUID
    """The journal (a UUIDv5 of book and number)."""
    kind: JournalKind
    """What it records."""
    loan_id: UUID | None = None
    """The loan, if it is about one."""
    product: ProductCode | None = None
    """The product, if it is about one."""
    currency: Currency
    """The currency of the lines."""
    value_date: date
    """The day from which it counts."""
    posted_on: date
    """The business day of the posting."""
    lines: Annotated[tuple[JournalLine, ...], Field(min_length=2)]
    """The lines; they sum to zero."""
    reference: ShortText = ""
    """What it comes from: a payment, a payout, a day."""
    previous_hash: Hash
    """The hash of the journal before it in the chain; zeros for the first."""
    hash: Hash
    """SHA-256 of the journal and the hash before it: a changed past shows."""
