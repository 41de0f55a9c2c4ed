"""The states: an application, and a customer's key and profile."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from lendstream.catalogue import Catalogue
from lendstream.events.application import ApplicationReady
from lendstream.events.customer import CustomerKey, CustomerProfile
from lendstream.events.intake import ApplicationStatus, ApplicationStatusChanged, OfferMade, StatusReason
from lendstream.privacy import Vault


@dataclass(frozen=True, slots=True)
class Desk:
    """What the rules need besides state, event and context: the same for the life of the process."""

    catalogue: Catalogue
    """The products."""
    vault: Vault
    """Seals identities."""
    identity_secret: bytes
    """Makes customers' ids from their documents, and fingerprints of submissions."""
    decision_patience: timedelta
    """How long a decision may take before it is asked for again."""


@dataclass(frozen=True, slots=True)
class Application:
    """One application, from its acceptance for processing to its loan. Holds no direct identifier."""

    asked: ApplicationReady
    """The question that was put to the decision, in its latest attempt."""
    reference: str
    """The partner's number."""
    fingerprint: bytes
    """Keyed digest of the submission: the same reference with another fingerprint is refused."""
    payout_account: str
    """The token of the account to pay out to."""
    disburse_on: date | None
    """The day the customer wants the money; None: at once."""
    status: ApplicationStatus
    """Where it stands, as its partner sees it."""
    debit_account: str | None = None
    """The token of the account to collect from; None: the customer pays by himself."""
    ask_again_at: datetime | None = None
    """When the decision is asked for again; None once there is one, or none is needed."""
    decision_id: UUID | None = None
    """The decision, once made."""
    reasons: tuple[StatusReason, ...] = ()
    """The decision's reasons."""
    tenor: int | None = None
    """The number of instalments approved; a schedule may have fewer rows."""
    offer: OfferMade | None = None
    """The offer as it was made, if the decision approved."""
    loan_id: UUID | None = None
    """The loan, once opened."""
    correlation_id: str | None = None
    """The story it belongs to, for what is published when no record asks for it."""
    traceparent: str | None = None
    """Its W3C trace context, for the same."""

    @property
    def application_id(self) -> UUID:
        """The application's id."""
        return self.asked.application_id

    @property
    def customer_id(self) -> UUID:
        """Who applies."""
        return self.asked.customer_id

    @property
    def partner(self) -> str:
        """The partner it came through."""
        return self.asked.partner

    @property
    def offer_open_until(self) -> date | None:
        """The last business day of an offer that waits for its acceptance; None if none waits."""
        return self.offer.valid_until if self.offer and self.status is ApplicationStatus.OFFERED else None

    def status_changed(self) -> ApplicationStatusChanged:
        """The event that tells the partner where the application stands."""
        return ApplicationStatusChanged(
            partner=self.partner,
            reference=self.reference,
            application_id=self.application_id,
            status=self.status,
            reasons=self.reasons,
            loan_id=self.loan_id,
        )


@dataclass(frozen=True, slots=True)
class Customer:
    """A person's data key and sealed profile; after an erasure nothing but the fact of it."""

    customer_id: UUID
    key: CustomerKey | None = None
    """The wrapped data key; None once erased."""
    profile: CustomerProfile | None = None
    """The sealed identity; None once erased."""
    erased_at: datetime | None = None
    """When the person was erased last: a submission made before then never brings the person back."""
