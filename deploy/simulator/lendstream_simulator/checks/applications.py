"""From submission to acceptance: every submission has one answer, every question one decision."""

from collections.abc import Iterator

from lendstream.events.application import (
    ApplicationExpired,
    ApplicationReady,
    ApplicationReceived,
    ApplicationWithdrawn,
    OfferAccepted,
)
from lendstream.events.decision import ApplicationDecided, Outcome
from lendstream.events.intake import ApplicationStatus, OfferMade
from lendstream_simulator.answers import ENDED
from lendstream_simulator.facts import Facts
from lendstream_simulator.findings import Check, Deliveries, Fault, Finding, at_most_one, one_each

ANSWERED = "one answer a submission"
_WITHOUT_LOAN = {ApplicationStatus.DECLINED, ApplicationStatus.WITHDRAWN, ApplicationStatus.EXPIRED}


def submissions(facts: Facts, _: Deliveries) -> Iterator[Finding]:
    """Each distinct content of a reference is taken or rejected, one of them at most taken."""
    answers = facts.answers
    taken = {(each.partner, each.reference) for each in facts.data(ApplicationReceived)}
    for case, submitted in answers.submissions.items():
        unrejected = len(answers.unrejected(case))
        about = f"{case[1]} of {case[0]}"
        if unrejected > (case in taken):
            yield Finding(Fault.LOST, ANSWERED, about)
        if case in taken and unrejected == 0 and submitted.contents:
            yield Finding(Fault.DOUBLED, ANSWERED, f"{about}, taken and rejected")
    received = [each.application_id for each in facts.data(ApplicationReceived)]
    yield from at_most_one("one reception an application", received)


def rejections(facts: Facts, _: Deliveries) -> Iterator[Finding]:
    """A record that is no event is rejected; no record is rejected twice, and none that was never sent."""
    answers = facts.answers
    known = set(answers.unreadable)
    for sent in (answers.acceptances, answers.withdrawals):
        known |= {(case[0], each) for case, ids in sent.items() for each in ids}
    for case, submitted in answers.submissions.items():
        known |= {(case[0], each) for ids in submitted.contents.values() for each in ids}
    for partner, record in answers.unreadable.keys() - answers.rejections.keys():
        yield Finding(Fault.LOST, ANSWERED, f"record {record} of {partner}")
    for (partner, record), ids in answers.rejections.items():
        if (partner, record) not in known:
            yield Finding(Fault.UNFOUNDED, ANSWERED, f"record {record} of {partner}")
        if len(ids) > 1:
            yield Finding(Fault.DOUBLED, ANSWERED, f"record {record} of {partner} ({len(ids)} rejections)")


def customer_answers(facts: Facts, _: Deliveries) -> Iterator[Finding]:
    """What a customer answers to an offer has an outcome: carried out, or rejected with reasons."""
    answers = facts.answers
    accepted = {(each.partner, each.reference) for each in facts.data(OfferAccepted)}
    ended = {case for case, statuses in answers.statuses.items() if statuses & ENDED}
    given_up = {case for case, statuses in answers.statuses.items() if statuses & _WITHOUT_LOAN}
    for what, sent, carried_out in (
        ("acceptance", answers.acceptances, accepted | given_up),
        ("withdrawal", answers.withdrawals, accepted | ended),
    ):
        for case, ids in sent.items():
            if case not in carried_out and any((case[0], each) not in answers.rejections for each in ids):
                yield Finding(Fault.LOST, f"an outcome of every {what}", f"{case[1]} of {case[0]}")


def decisions(facts: Facts, _: Deliveries) -> Iterator[Finding]:
    """Every application taken asks for a decision, unless it was withdrawn first, and gets exactly one."""
    received = {each.application_id for each in facts.data(ApplicationReceived)}
    withdrawn = {each.application_id for each in facts.data(ApplicationWithdrawn)}
    ready = {each.application_id for each in facts.data(ApplicationReady)}
    yield from (
        Finding(Fault.LOST, "a question for every application", str(each)) for each in received - ready - withdrawn
    )
    yield from (Finding(Fault.UNFOUNDED, "a question for every application", str(each)) for each in ready - received)
    asked = [(each.application_id, each.attempt) for each in facts.data(ApplicationReady)]
    yield from at_most_one("one question an attempt", asked)
    decided = [each.application_id for each in facts.data(ApplicationDecided)]
    yield from one_each("one decision an application", ready, decided)


def outcomes(facts: Facts, _: Deliveries) -> Iterator[Finding]:
    """The partner hears of every decision, and every offer comes to one end by its last day."""
    case_of = {each.application_id: (each.partner, each.reference) for each in facts.data(ApplicationReceived)}
    withdrawn = [each.application_id for each in facts.data(ApplicationWithdrawn)]
    expired = [each.application_id for each in facts.data(ApplicationExpired)]
    accepted = [each.application_id for each in facts.data(OfferAccepted)]
    offers = {each.application_id: each for each in facts.data(OfferMade)}
    for decided in facts.data(ApplicationDecided):
        application = decided.application_id
        case = case_of.get(application, ("", ""))
        told = (
            application in offers
            if decided.outcome is Outcome.APPROVED
            else ApplicationStatus.DECLINED in facts.answers.statuses.get(case, set())
        )
        if not told and application not in withdrawn:
            yield Finding(Fault.LOST, "the partner hears of every decision", f"{application} {decided.outcome}")
    yield from at_most_one("one offer an application", [each.application_id for each in facts.data(OfferMade)])
    yield from at_most_one("one end of an application", [*withdrawn, *expired, *accepted])
    ended = {*withdrawn, *expired, *accepted}
    for application, offer in offers.items():
        if facts.last_day is not None and offer.valid_until < facts.last_day and application not in ended:
            yield Finding(Fault.LOST, "an end of every offer", f"{application}, valid until {offer.valid_until}")
    yield from (Finding(Fault.UNFOUNDED, "acceptance of an offer", str(each)) for each in set(accepted) - offers.keys())


APPLICATION_CHECKS: tuple[Check, ...] = (submissions, rejections, customer_answers, decisions, outcomes)
