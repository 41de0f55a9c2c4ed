"""Request and answer bodies of the API."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from lendstream.events.base import Model, ShortText, Timestamp
from lendstream.events.intake import ApplicationStatus, StatusReason

from .domain.model import Application


class Acceptance(Model):
    """The customer accepts the offer."""

    offer_id: UUID
    """The offer's id."""
    accepted_at: Timestamp
    """When the customer accepted."""


class Withdrawal(Model):
    """The application is withdrawn."""

    reason: ShortText = ""
    """Why, in the partner's words."""


class ApplicationView(BaseModel):
    """An application as its partner sees it."""

    application_id: UUID
    reference: str
    status: ApplicationStatus
    reasons: tuple[StatusReason, ...]
    product: str
    amount: int
    currency: str
    instalments: int
    submitted_at: datetime
    offer_id: UUID | None
    loan_id: UUID | None


def view(application: Application) -> dict[str, Any]:
    """The application, as plain data."""
    asked, offer = application.asked, application.offer
    return ApplicationView(
        application_id=asked.application_id,
        reference=application.reference,
        status=application.status,
        reasons=application.reasons,
        product=asked.product,
        amount=asked.amount,
        currency=asked.currency,
        instalments=asked.instalments,
        submitted_at=asked.submitted_at,
        offer_id=offer.offer_id if offer else None,
        loan_id=application.loan_id,
    ).model_dump(mode="json")
