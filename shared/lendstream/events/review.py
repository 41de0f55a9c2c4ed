"""What a reviewer decided of a referred application; published by `application` on `lending.application.v1`."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from lendstream.events.application import ApplicationEvent
from lendstream.events.base import InstalmentCount, PositiveMinorUnits, ShortText, Timestamp
from lendstream.events.decision import ApplicationDecided


class Verdict(StrEnum):
    """What the reviewer says."""

    APPROVE = "approve"
    DECLINE = "decline"


class ReviewCompleted(ApplicationEvent):
    """A person looked at a referred application; risk decides finally, within what the policy lets a reviewer do."""

    review_id: UUID
    """The review (a UUIDv5 of the application)."""
    verdict: Verdict
    """Approve or decline."""
    amount: PositiveMinorUnits | None = None
    """The amount to approve; left out: what was suggested."""
    instalments: InstalmentCount | None = None
    """The tenor to approve; left out: what was applied for."""
    reason: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{2,39}$", examples=["INCOME_VERIFIED"])]
    """The code of the reviewer's reason, from the policy's list."""
    note: ShortText = ""
    """What the reviewer wants to be remembered; for colleagues, never for the customer."""
    reviewer: Annotated[str, Field(min_length=1, max_length=64, examples=["reviewer-7"])]
    """Who it was, as the caller's token names him."""
    referred: ApplicationDecided
    """The referred decision with all its inputs: the final one is made from them."""
    reviewed_on: date
    """The business day of the review."""
    reviewed_at: Timestamp
    """When."""
