"""What operators ask of a loan: commands over HTTP, on no topic. Amounts are minor units of the loan's currency.

Each is the body of a request with what the API knows beside it: the loan, who asks, and an id that is the same when the
same request comes again.
"""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field

from lendstream.catalogue import Due
from lendstream.events.base import Command, Currency, PositiveMinorUnits, ShortText

from .relief import Relief

Reason = Annotated[str, Field(min_length=1, max_length=150, examples=["agreed on the phone with the customer"])]
"""Why, for whoever looks at the loan later."""
Circumstance = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", examples=["illness"])]
"""What happened in the customer's life, by its code in the relief policy."""
EntryId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f]+$", examples=["pay_01J9"])]
"""The number of what happened to a loan: of a payment, its channel's."""


def _each_once(parts: tuple[Due, ...]) -> tuple[Due, ...]:
    if len(set(parts)) < len(parts):
        raise ValueError("name each part once")
    return parts


Parts = Annotated[tuple[Due, ...], Field(min_length=1, max_length=4), AfterValidator(_each_once)]


class Asked(Command):
    """What every command has beside its body."""

    loan_id: UUID
    """The loan."""
    command_id: UUID
    """The same for the same request of the same caller: what it makes is known by it."""
    by: Annotated[str, Field(min_length=1, max_length=40)]
    """Who asks: the caller's name."""


class WaiverBody(Command):
    """Let go of an amount that is due, out of goodwill."""

    parts: Parts
    """Of which parts of what is due, in this order."""
    up_to: PositiveMinorUnits
    """At most so much."""
    reason: Reason


class Waive(Asked, WaiverBody):
    """The command."""


class Plan(Relief):
    """A restructure to preview or agree on."""

    model_config = ConfigDict(extra="forbid")


class PlanBody(Command):
    """A plan for a customer in hardship, to look at."""

    circumstance: Circumstance
    plan: Plan
    """What is given."""


class RestructureBody(PlanBody):
    """The plan that was previewed, agreed with the customer."""

    token: Annotated[str, Field(min_length=1, max_length=100)]
    """The token of its preview: the plan holds only while the loan is as it was then."""
    evidence: ShortText = ""
    """What the customer showed, such as the number of a document; for circumstances that want some."""
    reason: Reason


class Restructure(Asked, RestructureBody):
    """The command."""


class UndoBody(Command):
    """Take a restructure back: the loan is derived anew as if it had never been."""

    reason: Reason


class UndoRestructure(Asked, UndoBody):
    """The command."""

    restructure_id: UUID
    """The restructure."""


class HardshipBody(Command):
    """The customer asks for relief."""

    circumstance: Circumstance
    detail: ShortText = ""
    """In the customer's words."""


class RequestHardshipRelief(Asked, HardshipBody):
    """The command."""


class ReversalBody(Command):
    """A payment bounced, or belongs elsewhere: all of it is taken back."""

    reason: Reason


class ReversePayment(Asked, ReversalBody):
    """The command."""

    payment_id: EntryId
    """The payment."""


class ChargeOffBody(Command):
    """Give the loan up in the books (核销)."""

    reason: Reason


class ChargeOff(Asked, ChargeOffBody):
    """The command."""


class DrawBody(Command):
    """Draw money on a credit line."""

    amount: PositiveMinorUnits
    """How much."""
    instalments: Annotated[int, Field(ge=1, le=120, examples=[12])]
    """Over how many instalments everything owed is repaid then; one of the product's tenors."""


class DrawMoney(Asked, DrawBody):
    """The command."""


class CancellationBody(Command):
    """A part of the loan is not wanted any more."""

    reason: Reason


class CancelTranche(Asked, CancellationBody):
    """The command."""

    part: Annotated[int, Field(ge=1, examples=[1])]
    """The tranche's number."""


class RefundBody(Command):
    """Ask once more for the refund of a credit balance."""

    refund_account: Annotated[str, Field(min_length=1, max_length=64, examples=["acct_8f2c"])] | None = None
    """The token of the account to pay to; none: the one that is known."""


class AskRefundAgain(Asked, RefundBody):
    """The command."""


class MatchBody(Command):
    """Money that no loan could take is given to the loan that it was meant for."""

    loan_id: UUID
    """The loan that it was meant for."""
    reason: Reason


class MatchSuspense(Asked):
    """The command. It goes to both accounts, so it says what the money is: a rule sees its own account alone."""

    payment_id: EntryId
    """The money, by its number in the account where it waits: `loan_id` is that account."""
    target_id: UUID
    """The loan that takes it."""
    amount: PositiveMinorUnits
    currency: Currency
    value_date: date
    """The day from which the money counts."""
    reason: Reason
