"""The channel partners, and the customer behind each application, who answers offers by a seeded script."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum

from lendstream.envelope import Envelope, Record
from lendstream.events.base import Event
from lendstream.events.intake import (
    ApplicationStatus,
    ApplicationStatusChanged,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    OfferAccepted,
    OfferMade,
)
from lendstream_simulator.seeded import draw
from lendstream_simulator.submissions import intake_record


class Answer(StrEnum):
    """What a customer does about an application."""

    ACCEPTS = "accepts"
    ACCEPTS_TWICE = "accepts twice"
    """Presses the button twice: two acceptances of one offer."""
    IGNORES = "ignores"
    """Lets the offer expire."""
    WITHDRAWS = "withdraws"
    """After the offer was made."""
    WITHDRAWS_AT_ONCE = "withdraws at once"
    """Perhaps before the decision."""


SHARES = {
    Answer.ACCEPTS: 0.82,
    Answer.ACCEPTS_TWICE: 0.03,
    Answer.IGNORES: 0.08,
    Answer.WITHDRAWS: 0.04,
    Answer.WITHDRAWS_AT_ONCE: 0.03,
}

Case = tuple[str, str]
"""A partner and its reference."""


def answer(seed: int, partner: str, reference: str) -> Answer:
    """What the customer behind an application will do."""
    return draw(seed, "answer", partner, reference).choices(list(SHARES), list(SHARES.values()))[0]


class Partners:
    """Publishes what customers answer, on each partner's intake topic."""

    def __init__(self, seed: int, partners: Sequence[str]) -> None:
        self._seed = seed
        self._partners = frozenset(partners)
        self._owed: dict[tuple[Case, type[Event]], list[Record]] = {}
        self._settled: set[tuple[Case, type[Event]]] = set()

    def see(self, record: Record, envelope: Envelope[Event] | None) -> None:
        """Fold what partners sent and were answered."""
        if envelope is None or envelope.parameter not in self._partners:
            return
        match envelope.data:
            case ApplicationSubmitted(reference=reference):
                self._decide_at_once((envelope.parameter, reference), envelope)
            case OfferMade() as offer:
                self._decide((envelope.parameter, offer.reference), offer, envelope)
            case OfferAccepted(reference=reference) | ApplicationWithdrawn(reference=reference):
                self._settle((envelope.parameter, reference), type(envelope.data))
            case ApplicationStatusChanged(reference=reference, status=ApplicationStatus.EXPIRED):
                self._settle((envelope.parameter, reference), OfferAccepted)
            case _:
                return

    def due(self) -> list[Record]:
        """The answers that customers have not given yet."""
        owed = [record for records in self._owed.values() for record in records]
        self._settled |= self._owed.keys()
        self._owed.clear()
        return owed

    def _decide_at_once(self, case: Case, story: Envelope[Event]) -> None:
        if answer(self._seed, *case) is Answer.WITHDRAWS_AT_ONCE:
            self._owe(case, story, ApplicationWithdrawn(reference=case[1], reason="changed their mind"))

    def _decide(self, case: Case, offer: OfferMade, story: Envelope[Event]) -> None:
        # What is said must be the same if it is said again, so the time is the offer's.
        accepted = OfferAccepted(reference=offer.reference, offer_id=offer.offer_id, accepted_at=story.time)
        match answer(self._seed, *case):
            case Answer.ACCEPTS:
                self._owe(case, story, accepted)
            case Answer.ACCEPTS_TWICE:
                self._owe(case, story, accepted, accepted)
            case Answer.WITHDRAWS:
                self._owe(case, story, ApplicationWithdrawn(reference=offer.reference, reason="found another lender"))
            case _:
                return

    def _owe(self, case: Case, story: Envelope[Event], *events: Event) -> None:
        about = case, type(events[0])
        if about not in self._settled:
            partner, reference = case
            self._owed[about] = [
                intake_record(event, partner, datetime.now(UTC), self._seed, reference, copy, story=story)
                for copy, event in enumerate(events)
            ]

    def _settle(self, case: Case, kind: type[Event]) -> None:
        self._settled.add((case, kind))
        self._owed.pop((case, kind), None)
