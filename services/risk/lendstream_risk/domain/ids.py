"""The ids of what risk publishes: UUIDv5 of the cause, so that a replay publishes the same ids again."""

from uuid import UUID, uuid5

from lendstream.events.base import Event
from lendstream.events.decision import (
    ApplicationDecided,
    LimitChanged,
    NextOfferRecommended,
    RiskAlertRaised,
    ShadowDecided,
)

NAMESPACE = UUID("0f0b6d5a-58ab-5b60-9d0f-5f3a1f1b7c55")


def decision_id(application_id: UUID) -> UUID:
    """The id of an application's decision: however often it is made, it is one decision."""
    return uuid5(NAMESPACE, application_id.hex)


def final_id(review_id: UUID) -> UUID:
    """The id of the decision that a review led to."""
    return uuid5(NAMESPACE, f"review/{review_id.hex}")


def caused_id(kind: str, customer_id: UUID, cause: str) -> UUID:
    """The id of a change, an alert or a recommendation: of its kind and of what caused it."""
    return uuid5(NAMESPACE, f"{kind}/{customer_id.hex}/{cause}")


def published_id(event: Event) -> UUID:
    """The id under which an event of risk is published. Raises TypeError for an event that risk does not publish."""
    match event:
        case ApplicationDecided():
            return event.decision_id
        case ShadowDecided():
            return event.shadow_id
        case LimitChanged():
            return event.change_id
        case RiskAlertRaised():
            return event.alert_id
        case NextOfferRecommended():
            return event.recommendation_id
    raise TypeError(f"risk does not publish {type(event).__name__}")
