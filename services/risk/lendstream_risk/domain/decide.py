"""Answer an ApplicationReady: a new question is decided and remembered, an old one gets its old answer."""

from dataclasses import replace
from hashlib import blake2b

from lendstream.errors import Refused
from lendstream.events.application import ApplicationReady
from lendstream.events.decision import ApplicationDecided, CustomerPosition
from lendstream_risk.domain.assess import assess
from lendstream_risk.domain.customer import Commitment, Customer, Remembered
from lendstream_risk.domain.rulebook import Rulebook

RECENT = 64
"""Decisions remembered a customer: more than anyone asks for between two commits, which is what a crash repeats.

One that was forgotten is made again, from the customer's position then."""


def decide(customer: Customer, asked: ApplicationReady, rulebook: Rulebook) -> tuple[Customer, ApplicationDecided]:
    """The decision, and the customer with it remembered and, if approved, committed.

    Raises:
        Refused: the application was decided on other facts before; no policy was in force on its business day.
        UnknownPolicyError: a decision is to be made again, and its policy is no longer among the files.
    """
    application_id = str(asked.application_id)
    fingerprint = _fingerprint(asked)
    if before := customer.decided.get(application_id):
        return customer, _again(before, asked, fingerprint, rulebook)
    policy = rulebook.in_force(asked.business_date)
    position = customer.position(besides=application_id)
    assessment = assess(asked, position, policy, rulebook)
    decided = assessment.decided
    remembered = Remembered(fingerprint, asked.attempt, policy.version, position.model_dump(exclude_defaults=True))
    customer = replace(customer, decided=_recent(customer, application_id, remembered))
    if decided.terms and not customer.has_loan_of(application_id):
        commitment = Commitment(assessment.committed, assessment.instalment)
        customer = replace(customer, commitments={**customer.commitments, application_id: commitment})
    return customer, decided


def _again(before: Remembered, asked: ApplicationReady, fingerprint: str, rulebook: Rulebook) -> ApplicationDecided:
    if before.fingerprint != fingerprint:
        raise Refused(
            "already_decided",
            "This application was decided on other facts.",
            field="application_id",
            fix="Submit changed facts as a new application.",
        )
    position = CustomerPosition.model_validate(before.position, strict=False)
    first = asked.model_copy(update={"attempt": before.attempt})
    return assess(first, position, rulebook.version(before.policy_version), rulebook).decided


def _fingerprint(asked: ApplicationReady) -> str:
    """Of all facts; fields left at their default are left out, so that a newer contract's new fields change nothing."""
    facts = asked.model_dump_json(exclude={"attempt"}, exclude_defaults=True)
    return blake2b(facts.encode(), digest_size=8).hexdigest()


def _recent(customer: Customer, application_id: str, remembered: Remembered) -> dict[str, Remembered]:
    return dict([*customer.decided.items(), (application_id, remembered)][-RECENT:])
