"""What partners sent, and what each of it was answered: the same rule for waiting and for auditing.

Every distinct thing on an intake topic has exactly one answer. A distinct thing is a content of a reference (the
same content sent again is no other), or, where a record is no event, the record.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from lendstream.envelope import Envelope, Record
from lendstream.events.base import Event
from lendstream.events.intake import (
    ApplicationStatus,
    ApplicationStatusChanged,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    OfferAccepted,
    OfferMade,
    SubmissionRejected,
)
from lendstream.topics import INTAKE, UnknownTopic, find

Case = tuple[str, str]
"""A partner and its reference."""
ENDED = frozenset(ApplicationStatus) - {ApplicationStatus.RECEIVED, ApplicationStatus.OFFERED}
"""Statuses after which no acceptance or withdrawal waits for an answer."""


@dataclass(slots=True)
class Submitted:
    """All that was submitted under one reference."""

    contents: dict[str, set[str]] = field(default_factory=dict)
    """By a digest of the content: the ids of the records that brought it."""


@dataclass(slots=True)
class Answers:
    """A fold over intake topics and intake results."""

    submissions: dict[Case, Submitted] = field(default_factory=lambda: defaultdict(Submitted))
    acceptances: dict[Case, set[str]] = field(default_factory=lambda: defaultdict(set))
    withdrawals: dict[Case, set[str]] = field(default_factory=lambda: defaultdict(set))
    unreadable: dict[tuple[str, str], str] = field(default_factory=dict)
    """Records that are no event, by partner and id: where they stand."""
    rejections: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    """By partner and id of the rejected record: the ids of the rejections."""
    statuses: dict[Case, set[ApplicationStatus]] = field(default_factory=lambda: defaultdict(set))
    offers: dict[Case, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The ids of the offers' records."""

    def see(self, record: Record, envelope: Envelope[Event] | None) -> None:
        """Fold a record of any topic."""
        if envelope is None:
            if partner := intake_partner(record.topic):
                self.unreadable.setdefault((partner, record.header("ce_id") or record.place), record.place)
            return
        if (partner := envelope.parameter) is None:
            return
        match envelope.data:
            case ApplicationSubmitted(reference=reference) as submitted:
                content = sha256(submitted.model_dump_json(exclude_defaults=True).encode()).hexdigest()
                self.submissions[partner, reference].contents.setdefault(content, set()).add(envelope.id)
            case OfferAccepted(reference=reference):
                self.acceptances[partner, reference].add(envelope.id)
            case ApplicationWithdrawn(reference=reference):
                self.withdrawals[partner, reference].add(envelope.id)
            case SubmissionRejected(rejected_id=id):
                self.rejections[partner, id].add(envelope.id)
            case ApplicationStatusChanged(reference=reference, status=status):
                self.statuses[partner, reference].add(status)
            case OfferMade(reference=reference):
                self.offers[partner, reference].add(envelope.id)

    def unrejected(self, case: Case) -> list[set[str]]:
        """The contents of a reference that were not rejected: one, where its application was taken."""
        return [
            ids
            for ids in self.submissions[case].contents.values()
            if not any((case[0], each) in self.rejections for each in ids)
        ]

    def in_processing(self, case: Case) -> bool:
        """Whether the application was taken and the partner has neither an offer nor an end yet."""
        return case not in self.offers and not self.statuses.get(case, frozenset[ApplicationStatus]()) & ENDED

    def waiting(self) -> Iterator[str]:
        """Everything that has no answer yet, for people to read."""
        for partner, record in self.unreadable.keys() - self.rejections.keys():
            yield f"the rejection of record {record} of {partner}"
        for case in self.submissions:
            if len(self.unrejected(case)) > (0 if self.in_processing(case) else 1):
                yield f"the answer to {case[1]} of {case[0]}"
        for what, sent in (("acceptance", self.acceptances), ("withdrawal", self.withdrawals)):
            for (partner, reference), ids in sent.items():
                ended = self.statuses.get((partner, reference), frozenset[ApplicationStatus]()) & ENDED
                if not ended and any((partner, each) not in self.rejections for each in ids):
                    yield f"the outcome of the {what} of {reference} of {partner}"


def intake_partner(topic: str) -> str | None:
    """The partner whose intake topic this is, if it is one."""
    try:
        family, partner = find(topic)
    except UnknownTopic:
        return None
    return partner if family is INTAKE else None
