"""The audit of a whole story finds nothing; of one with anything lost, doubled or contradictory it finds it."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from lendstream.dead_letter import dead_letter
from lendstream.envelope import Envelope, Record
from lendstream.errors import Refused
from lendstream.events import application, intake, loan
from lendstream.events.base import Event
from lendstream.events.calendar import BusinessDayClosed, BusinessDayStarted
from lendstream.events.decision import ApplicationDecided
from lendstream.events.intake import ApplicationStatus, ApplicationStatusChanged, ApplicationSubmitted, OfferMade
from lendstream.events.notification import NotificationFailed, NotificationSent, NotificationSkipped
from lendstream.events.payment import DisbursementConfirmed, DisbursementFailed, PaymentReceived
from lendstream_simulator.audit import audit
from lendstream_simulator.findings import Fault
from lendstream_simulator.journal import Delivery
from lendstream_simulator.submissions import intake_record
from unit.simulator.altered import Pick, any_of, audited, faults, place, with_change, with_double, with_id, without
from unit.simulator.played import story

pytestmark = pytest.mark.usefixtures("decoded_once")


def declined(envelope: Envelope[Event]) -> bool:
    return isinstance(envelope.data, ApplicationStatusChanged) and envelope.data.status is ApplicationStatus.DECLINED


def of_paid_loan(envelope: Envelope[Event]) -> bool:
    """Of a loan that has payments, so that its last event is another one."""
    play = story()
    return getattr(envelope.data, "loan_id", None) in {
        play.progress.payments[each].loan_id for each in play.progress.applied
    }


def paid_in_part(envelope: Envelope[Event]) -> bool:
    return isinstance(envelope.data, loan.PaymentApplied) and envelope.data.total_outstanding > 0


def reported_once(envelope: Envelope[Event]) -> bool:
    """A payment for a known loan that its channel did not repeat."""
    payment = envelope.data
    assert isinstance(payment, PaymentReceived)
    ids = json.dumps(payment.payment_id).encode()
    seen = sum(ids in (each.value or b"") and each.topic == "lending.payment.v1" for each in story().records)
    return seen == 1 and payment.payment_id in story().progress.applied


def confirmed_once(envelope: Envelope[Event]) -> bool:
    """A payout that the bank did not confirm twice."""
    event = envelope.data
    assert isinstance(event, DisbursementConfirmed)
    seen = sum(
        each.header("ce_type") == "DisbursementConfirmed" and str(event.disbursement_id).encode() in (each.value or b"")
        for each in story().records
    )
    return seen == 1


def taken(envelope: Envelope[Event]) -> bool:
    """Of an application that was taken and not sent a second time."""
    event = envelope.data
    reference = getattr(event, "reference", "")
    sent = sum(
        each.header("ce_type") == "ApplicationSubmitted" and each.key == reference.encode() for each in story().records
    )
    return sent == 1


def test_a_whole_story_has_no_findings() -> None:
    found = audited(story().records)
    assert found.findings == ()
    assert found.ok
    assert all(each.even and each.left for each in found.balances)
    assert found.counts["loan LoanOpened"] == len(story().progress.loans)
    assert found.counts["redelivered"] == 0


def test_redeliveries_are_harmless() -> None:
    again = [replace(each, offset=each.offset + 10**6) for each in story().records if each.header("ce_id")]
    found = audited([*story().records, *again])
    assert found.findings == ()
    assert found.ok
    readable = sum(found.counts[name] for name in found.counts if " " in name and name.split()[1][0].isupper())
    assert found.counts["redelivered"] == readable


LOST: list[tuple[type[Event], Pick]] = [
    (application.ApplicationReceived, any_of),
    (application.ApplicationReady, any_of),
    (ApplicationDecided, any_of),
    (OfferMade, any_of),
    (ApplicationStatusChanged, declined),
    (intake.SubmissionRejected, any_of),
    (application.OfferAccepted, any_of),
    (application.ApplicationWithdrawn, any_of),
    (application.ApplicationExpired, any_of),
    (loan.LoanOpened, any_of),
    (loan.DisbursementRequested, any_of),
    (loan.LoanDisbursed, of_paid_loan),
    (loan.PaymentApplied, any_of),
    (loan.InstalmentOverdue, any_of),
    (loan.LoanClosed, any_of),
    (PaymentReceived, reported_once),
    (DisbursementConfirmed, confirmed_once),
    (DisbursementFailed, any_of),
    (NotificationSent, any_of),
    (BusinessDayStarted, any_of),
    (BusinessDayClosed, any_of),
]


@pytest.mark.parametrize(("kind", "pick"), LOST, ids=lambda each: each.__name__)
def test_a_lost_event_is_found(kind: type[Event], pick: Pick) -> None:
    found = audited(without(kind, pick))
    assert found.findings
    assert not found.ok
    assert faults(found) & {Fault.LOST, Fault.UNFOUNDED}


DOUBLED: list[type[Event]] = [
    application.ApplicationReceived,
    application.ApplicationReady,
    ApplicationDecided,
    OfferMade,
    intake.SubmissionRejected,
    application.OfferAccepted,
    application.ApplicationWithdrawn,
    application.ApplicationExpired,
    loan.LoanOpened,
    loan.DisbursementRequested,
    loan.LoanDisbursed,
    loan.PaymentApplied,
    loan.InstalmentOverdue,
    loan.LoanClosed,
    NotificationSent,
    NotificationSkipped,
    BusinessDayClosed,
]


@pytest.mark.parametrize("kind", DOUBLED, ids=lambda each: each.__name__)
def test_a_doubled_event_is_found(kind: type[Event]) -> None:
    found = audited(with_double(kind))
    assert Fault.DOUBLED in faults(found)
    assert not found.ok


REPEATED: list[tuple[type[Event], Pick]] = [
    (ApplicationSubmitted, taken),
    (intake.OfferAccepted, any_of),
    (ApplicationStatusChanged, any_of),
    (PaymentReceived, any_of),
    (DisbursementConfirmed, any_of),
    (BusinessDayStarted, any_of),
]


@pytest.mark.parametrize(("kind", "pick"), REPEATED, ids=lambda each: each.__name__)
def test_what_the_outside_world_repeats_is_no_finding(kind: type[Event], pick: Pick) -> None:
    found = audited(with_double(kind, pick))
    assert found.findings == ()
    assert found.ok


def test_a_submission_without_an_answer_is_found() -> None:
    made = story().records[place(ApplicationSubmitted, taken)]
    event = ApplicationSubmitted.model_validate_json(made.value or b"")
    new = intake_record(
        event.model_copy(update={"reference": "S7-999999"}), "phone-shop", event.submitted_at, "unanswered"
    )
    found = audited([*story().records, replace(new, partition=0, offset=10**6)])
    assert [(each.fault, each.what) for each in found.findings] == [(Fault.LOST, "one answer a submission")]
    assert not found.ok


def test_another_content_under_a_known_reference_needs_its_own_rejection() -> None:
    made = story().records[place(ApplicationSubmitted, taken)]
    changed = json.loads(made.value or b"{}")
    changed["purpose"] = "something else"
    other = replace(with_id(made, str(uuid4())), value=json.dumps(changed).encode())
    found = audited([*story().records, other])
    assert [(each.fault, each.what) for each in found.findings] == [(Fault.LOST, "one answer a submission")]


def test_a_record_that_is_no_event_needs_a_rejection() -> None:
    broken = Record("lending.intake.phone-shop.v1", b"x", b"{", (), partition=0, offset=10**6)
    found = audited([*story().records, broken])
    assert [(each.fault, each.what) for each in found.findings] == [(Fault.LOST, "one answer a submission")]


def test_an_answer_to_nothing_is_found() -> None:
    records = with_change(intake.SubmissionRejected, lambda data: data.update(rejected_id="never-sent"))
    assert {Fault.LOST, Fault.UNFOUNDED} <= faults(audited(records))


def test_taken_and_rejected_is_found() -> None:
    submitted = story().records[place(ApplicationSubmitted, taken)]
    rejected = story().records[place(intake.SubmissionRejected)]
    data = json.loads(rejected.value or b"{}") | {"rejected_id": submitted.header("ce_id")}
    topic = submitted.topic.replace("intake", "intake-result")
    data["partner"] = submitted.topic.split(".")[2]
    contrary = replace(with_id(rejected, str(uuid4())), topic=topic, value=json.dumps(data).encode())
    found = audited([*story().records, replace(contrary, key=data["reference"].encode())])
    assert Fault.DOUBLED in faults(found)


WRONG: list[tuple[type[Event], Callable[[dict[str, Any]], object], Pick]] = [
    (loan.LoanOpened, lambda data: data.update(principal=data["principal"] + 1), any_of),
    (loan.PaymentApplied, lambda data: data.update(credit=data["credit"] + 1), paid_in_part),
    (loan.PaymentApplied, lambda data: data.update(amount=data["amount"] + 1, credit=data["credit"] + 1), paid_in_part),
    (loan.LoanDisbursed, lambda data: data.update(amount=data["amount"] + 1), any_of),
]


@pytest.mark.parametrize(("kind", "change", "pick"), WRONG)
def test_figures_that_contradict_each_other_are_found(
    kind: type[Event], change: Callable[[dict[str, Any]], object], pick: Pick
) -> None:
    found = audited(with_change(kind, change, pick))
    assert Fault.WRONG in faults(found)
    assert not found.ok


def test_events_out_of_the_topics_order_are_found() -> None:
    records = list(story().records)
    first, second = place(loan.LoanOpened), place(loan.DisbursementRequested)
    records[first], records[second] = records[second], records[first]
    assert Fault.WRONG in faults(audited(records))


def test_an_offer_that_nobody_ended_is_found() -> None:
    records = without(application.ApplicationExpired)
    assert "an end of every offer" in {each.what for each in audited(records).findings}


def test_deliveries() -> None:
    arrived = story().deliveries()
    doubled = audited(story().records, (*arrived, arrived[0]))
    assert faults(doubled) == {Fault.DOUBLED}
    lost = audited(story().records, arrived[1:])
    assert faults(lost) == {Fault.LOST}
    unsaid = audited(story().records, (*arrived, Delivery("never-planned", "sms", "sms_1")))
    assert faults(unsaid) == {Fault.UNFOUNDED}
    assert not any(each.ok for each in (doubled, lost, unsaid))


def test_without_journals_messages_are_checked_by_their_events() -> None:
    assert audit(story().records).ok
    assert not audit(with_double(NotificationSent)).ok


def test_a_delivery_that_is_in_doubt_is_no_finding() -> None:
    """The service was killed while it handed over: it says that it does not know, and does not send again."""
    number = place(NotificationSent)
    sent = story().records[number]
    data = json.loads(sent.value or b"{}") | {"reason": "delivery_unknown"}
    headers = tuple(
        (name, NotificationFailed.__name__.encode() if name == "ce_type" else value) for name, value in sent.headers
    )
    records = list(story().records)
    records[number] = replace(sent, value=json.dumps(data).encode(), headers=headers)
    assert audited(records).ok


def test_dead_letters_are_counted() -> None:
    made = story().records[place(PaymentReceived)]
    letter = dead_letter(
        made, service="servicing", error=Refused("wrong_currency", "no"), attempt=1, at=datetime.now(UTC)
    )
    found = audited([*story().records, replace(letter, partition=0, offset=0)])
    assert found.counts["dead letters of servicing"] == 1
    assert found.ok
