"""A restructure carried out on a copy: what the preview shows and what the confirmation does is this one function."""

from collections.abc import Sequence
from datetime import date
from hashlib import sha256

from .life import carried_on
from .loan import Entry, Kind, Loan, Policy, Telling, replace
from .relief import Relief


def token_of(loan: Loan, circumstance: str, plan: Relief, today: date) -> str:
    """What a preview holds for: the loan after its last event, the plan, the business day."""
    said = f"{loan.id}/{loan.sequence}/{today}/{circumstance}/{Relief.model_dump_json(_plain(plan))}"
    return sha256(said.encode()).hexdigest()


def relieved(
    loan: Loan, identifier: str, circumstance: str, plan: Relief, today: date, policy: Policy, reason: str = ""
) -> tuple[Loan, Sequence[Telling]]:
    """The loan with the relief, and what to tell. Raises TermsError where no schedule can be made of it."""
    entry = Entry(
        identifier,
        Kind.RELIEF,
        0,
        loan.contract.currency,
        today,
        circumstance,
        today,
        reason=reason,
        detail=_plain(plan).model_dump_json(exclude_defaults=True),
    )
    return carried_on(replace(loan, entries=(*loan.entries, entry)), today, policy)


def _plain(plan: Relief) -> Relief:
    return Relief(**dict(plan))
