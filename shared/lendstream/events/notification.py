"""What `notifications` publishes on `lending.notification.v1`, keyed by customer."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from lendstream.events.base import Event, ShortText, Timestamp
from lendstream.events.intake import Language


class Channel(StrEnum):
    """How a message travels."""

    MAIL = "mail"
    SMS = "sms"


class SkipReason(StrEnum):
    """Why a planned message was not sent."""

    PAID = "paid"
    """Nothing is due of the instalment any more, paid or let go: a reminder cancelled."""
    LOAN_ENDED = "loan_ended"
    """The loan was closed or cancelled first."""
    NO_CONSENT = "no_consent"
    """The customer did not agree to messages of this kind."""
    NO_ADDRESS = "no_address"
    """The customer has no address for any channel."""
    ERASED = "erased"
    """The customer's data was erased."""
    OUT_OF_DATE = "out_of_date"
    """Its day had passed before it could be planned."""
    RESCHEDULED = "rescheduled"
    """The instalment has another due date now, or does not exist any more."""
    CHARGED_OFF = "charged_off"
    """The loan was given up in the books: its reminders stop."""
    OVERTAKEN = "overtaken"
    """What it says does not hold any more: the loan that was closed is owed again."""


class NotificationEvent(Event):
    """An event in the life of one message."""

    message_key: Annotated[str, Field(max_length=120, examples=["0190.../3/due-3"])]
    """What the message is about; never two messages of one key."""
    customer_id: UUID
    """The customer."""
    loan_id: UUID | None = None
    """The loan it is about."""
    kind: Annotated[str, Field(max_length=40, examples=["reminder_before_due"])]
    """The kind of message."""
    instalment: Annotated[int, Field(ge=1, examples=[1])] | None = None
    """The instalment it is about."""


class NotificationSent(NotificationEvent):
    """A message was handed to the channel's provider."""

    channel: Channel
    """How it went out."""
    language: Language
    """Its language."""
    sent_at: Timestamp
    """When."""


class NotificationSkipped(NotificationEvent):
    """A planned message was not sent, and why."""

    reason: SkipReason
    """Why."""


class NotificationFailed(NotificationEvent):
    """A message could not be handed over."""

    channel: Channel
    """The channel tried last."""
    reason: ShortText
    """What the provider said; `delivery_unknown` when a crash left that open and it was not sent again."""
