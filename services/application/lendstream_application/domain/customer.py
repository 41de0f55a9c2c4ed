"""A customer's key and profile: made with the first submission, kept up to date by later ones, erased on demand."""

from datetime import datetime
from uuid import UUID

from lendstream.envelope import Erasure
from lendstream.errors import Refused
from lendstream.events.base import Event
from lendstream.events.customer import CustomerProfile
from lendstream.events.intake import ApplicationSubmitted
from lendstream.topics import CUSTOMER, CUSTOMER_KEY

from .ids import customer_id
from .model import Customer, Desk
from .rule import Answer, Context


def keep_profile(
    desk: Desk, state: Customer | None, submission: ApplicationSubmitted, context: Context
) -> Answer[Customer | None]:
    """Publish the identity, sealed, when it is new or has changed.

    A submission older than the profile changes nothing, and one from before an erasure brings nobody back. A data
    key under an old master key is rewrapped on the way. Key and nonce are random: the one thing that a redone
    batch makes anew.
    """
    identifier = customer_id(desk.identity_secret, submission.identity)
    known = state or Customer(identifier)
    written_at = min(submission.submitted_at, context.now)
    if _stale(known, written_at):
        return state, ()
    key = desk.vault.rewrap(known.key) if known.key else desk.vault.new_key(identifier)
    identity = submission.identity.model_dump_json().encode()
    profile = known.profile
    if profile is None or not _same(desk, known, submission, identity):
        profile = CustomerProfile(
            customer_id=identifier,
            key_id=key.key_id,
            ciphertext=desk.vault.seal(key, identifier, identity),
            language=submission.language,
            consents=submission.consents,
            updated_at=written_at,
        )
    events: list[Event] = [new for new, old in ((key, known.key), (profile, known.profile)) if new is not old]
    if not events:
        return state, ()
    return Customer(identifier, key, profile, known.erased_at), events


def erase(state: Customer | None, identifier: UUID, now: datetime) -> tuple[Customer, tuple[Erasure, ...]]:
    """Forget the key and the profile here, and tombstone both for everybody; again, if it was done before.

    Raises Refused for an unknown customer.
    """
    if state is None:
        raise Refused("unknown_customer", f"There is no customer {identifier}.", fix="Check the customer id.")
    tombstones = tuple(Erasure(topic, str(identifier)) for topic in (CUSTOMER_KEY, CUSTOMER))
    return Customer(identifier, erased_at=now), tombstones


def _stale(known: Customer, written_at: datetime) -> bool:
    if known.erased_at is not None and written_at <= known.erased_at:
        return True
    return known.profile is not None and written_at < known.profile.updated_at


def _same(desk: Desk, known: Customer, submission: ApplicationSubmitted, identity: bytes) -> bool:
    if known.key is None or known.profile is None:
        return False
    return (
        known.profile.language is submission.language
        and known.profile.consents == submission.consents
        and desk.vault.open(known.key, known.customer_id, known.profile.ciphertext) == identity
    )
