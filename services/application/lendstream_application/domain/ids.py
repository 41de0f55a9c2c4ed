"""Ids that follow from their cause, so that a replay finds them again."""

import hmac
from uuid import UUID, uuid5

from lendstream import privacy
from lendstream.errors import Refused
from lendstream.events.intake import ApplicationSubmitted, Identity

from .rule import Context

_APPLICATIONS = UUID("6f1c2a52-8f0b-5d0c-9a53-2f4a4f0f8a61")


def application_id(partner: str, reference: str) -> UUID:
    """The application of a partner's reference."""
    return uuid5(_APPLICATIONS, f"{partner}/{reference}")


def offer_id(application: UUID, decision: UUID) -> UUID:
    """The offer that follows from a decision."""
    return uuid5(application, f"offer/{decision}")


def customer_id(secret: bytes, identity: Identity) -> UUID:
    """The customer of a document, the same through every partner."""
    return privacy.customer_id(secret, identity.identity_type, identity.identity_number)


def fingerprint(secret: bytes, submission: ApplicationSubmitted) -> bytes:
    """A keyed digest of the whole content: equal for equal content, however it was written down.

    Fields at their defaults do not count, so that a field added to the contract later changes no fingerprint.
    """
    content = submission.model_dump_json(exclude_defaults=True).encode()
    return hmac.digest(secret, b"submission:" + content, "sha256")


def partner_of(context: Context) -> str:
    """The partner whose topic or token it was. Raises Refused if there is none."""
    if context.partner is None:
        raise Refused("unknown_partner", "The record came from no partner.", fix="Publish it on a partner's topic.")
    return context.partner
