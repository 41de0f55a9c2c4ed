"""The service as a process, on a real Kafka and a real PostgreSQL."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from integration.application.story import (
    asked,
    day,
    decide,
    event_record,
    open_day,
    publish,
    read,
    rejections,
    results,
    submitted,
    wait_for,
    wait_for_status,
)
from lendstream.admin import apply_topics
from lendstream.envelope import Record
from lendstream.events import application as lending
from lendstream.events import intake
from lendstream.events.customer import CustomerKey, CustomerProfile
from lendstream.events.intake import ApplicationStatus, ApplicationStatusChanged, Identity, OfferMade
from lendstream.events.loan import LoanCancelled, LoanOpened
from lendstream.topics import APPLICATION, CUSTOMER, CUSTOMER_KEY, DEAD_LETTER
from lendstream_application.domain.ids import application_id
from support.broker import fresh_topics, read_topic
from support.processes import Process
from support.waiting import until
from unit.application import samples
from unit.application.samples import TODAY, VAULT

Start = Callable[..., Process]
DEAD = DEAD_LETTER.named("application")


def accepted(offer: OfferMade) -> Record:
    event = intake.OfferAccepted(reference=offer.reference, offer_id=offer.offer_id, accepted_at=datetime.now(UTC))
    return event_record(event, offer.partner)


async def test_from_submission_to_loan(kafka_bootstrap: str, start: Start) -> None:
    service = await start().started()
    await open_day(service, kafka_bootstrap)
    await publish(kafka_bootstrap, submitted("SHOP-1"))
    (question,) = await asked(kafka_bootstrap)
    assert question.application_id == application_id("phone-shop", "SHOP-1")
    await wait_for_status(kafka_bootstrap, ApplicationStatus.RECEIVED)
    await decide(kafka_bootstrap, [question])
    (offer,) = await wait_for(kafka_bootstrap, results(), OfferMade)
    await wait_for_status(kafka_bootstrap, ApplicationStatus.OFFERED)
    await publish(kafka_bootstrap, accepted(offer))
    (told,) = await wait_for(kafka_bootstrap, APPLICATION.name, lending.OfferAccepted)
    assert (told.offer_id, told.amount, told.reference) == (offer.offer_id, offer.amount, "SHOP-1")
    await publish(kafka_bootstrap, accepted(offer))
    await wait_for(kafka_bootstrap, results(), ApplicationStatusChanged, 4)
    opened = LoanOpened(
        loan_id=uuid4(),
        customer_id=told.customer_id,
        sequence=1,
        application_id=told.application_id,
        partner="phone-shop",
        reference="SHOP-1",
        product=told.product,
        product_version=1,
        method=offer.method,
        principal=told.amount,
        currency=told.currency,
        annual_rate=Decimal("0.18"),
        upfront_fee=0,
        instalments=(),
        engine="1",
        opened_on=TODAY,
        interest_from=TODAY,
        submitted_at=told.submitted_at,
    )
    cancelled = LoanCancelled(
        loan_id=opened.loan_id,
        customer_id=told.customer_id,
        sequence=2,
        application_id=told.application_id,
        reason="the account is closed",
        cancelled_on=TODAY,
    )
    await publish(kafka_bootstrap, event_record(opened), event_record(cancelled))
    last = await wait_for_status(kafka_bootstrap, ApplicationStatus.LOAN_CANCELLED)
    assert last.loan_id == opened.loan_id
    answers = await read(kafka_bootstrap, results(), ApplicationStatusChanged)
    assert [answer.status.value for answer in answers] == [
        *("received", "offered", "accepted", "accepted"),  # the acceptance came twice and was answered twice
        *("loan_opened", "loan_cancelled"),
    ]
    assert len(await read(kafka_bootstrap, APPLICATION.name, lending.OfferAccepted)) == 1
    (key,) = await read(kafka_bootstrap, CUSTOMER_KEY.name, CustomerKey)
    (profile,) = await read(kafka_bootstrap, CUSTOMER.name, CustomerProfile)
    identity = Identity.model_validate_json(VAULT.open(key, told.customer_id, profile.ciphertext))
    assert identity.name == "王小明"
    assert await read_topic(kafka_bootstrap, DEAD) == []


async def test_whatever_is_wrong_is_answered_and_the_rest_goes_on(kafka_bootstrap: str, start: Start) -> None:
    service = await start().started()
    await open_day(service, kafka_bootstrap)
    wrong: dict[str, tuple[Record, set[tuple[str, str]]]] = {
        "not json": (samples.record(b"{reference:", key="W-1"), {("", "json_invalid")}),
        "wrong types": (
            submitted("W-2", amount="much", instalments=6.5, consents__data_processing="yes"),
            {
                ("amount", "int_type"),
                ("instalments", "int_type"),
                ("consents.data_processing", "bool_type"),
            },
        ),
        "unknown product": (submitted("W-3", product="yacht"), {("product", "unknown_product")}),
        "negative": (submitted("W-4", amount=-1), {("amount", "greater_than")}),
        "absurd": (submitted("W-5", amount=10**15), {("amount", "less_than_equal")}),
        "a date in the past": (submitted("W-6", disburse_on="2026-03-01"), {("disburse_on", "date_in_past")}),
        "wrong currency": (submitted("W-7", currency="USD"), {("currency", "currency_not_offered")}),
        "a megabyte": (submitted("W-8", purpose="x" * 1_000_000), {("purpose", "string_too_long")}),
        "nulls": (
            submitted("W-9", amount=None, identity=None),
            {("amount", "int_type"), ("identity", "model_type")},
        ),
        "tombstone": (samples.record(None, key="W-10"), {("value", "tombstone")}),
        "missing headers": (
            Record("lending.intake.phone-shop.v1", b"W-11", submitted("W-11").value, ()),
            {(f"headers.{name}", "missing") for name in ("ce_specversion", "ce_id", "ce_type", "ce_source")},
        ),
        "another key": (
            Record("lending.intake.phone-shop.v1", b"W-12", submitted("W-x").value, submitted("W-x").headers),
            {("key", "key_mismatch")},
        ),
        "no such event": (
            samples.record(b"{}", kind="LoanForgiven", key="W-13"),
            {("headers.ce_type", "unknown_type")},
        ),
        "an acceptance of nothing": (
            event_record(
                intake.OfferAccepted(reference="W-14", offer_id=uuid4(), accepted_at=datetime.now(UTC)), "phone-shop"
            ),
            {("reference", "unknown_reference")},
        ),
        "a withdrawal of nothing": (
            event_record(intake.ApplicationWithdrawn(reference="W-15"), "phone-shop"),
            {("reference", "unknown_reference")},
        ),
    }
    records = [record for record, _ in wrong.values()]
    await publish(kafka_bootstrap, *records, submitted("GOOD-1"))
    told = {answer.reference: answer for answer in await rejections(kafka_bootstrap, len(wrong))}
    await asked(kafka_bootstrap)
    for record, findings in wrong.values():
        content = record.value or b""
        reference = "W-x" if b'"W-x"' in content else (record.key or b"").decode()
        answer = told[reference]
        found = {(reason.field, reason.code) for reason in answer.reasons}
        assert found == findings, reference
        assert all(reason.message and reason.fix for reason in answer.reasons)
    assert len(told) == len(wrong)
    assert await read_topic(kafka_bootstrap, DEAD) == []


async def test_a_repeated_reference(kafka_bootstrap: str, start: Start) -> None:
    await start().started()
    first = submitted("SHOP-1")
    again = samples.record(first.value)  # the same content under an id of its own
    other = submitted("SHOP-1", amount=700_000)
    await publish(kafka_bootstrap, first, first, again, other)
    (told,) = await rejections(kafka_bootstrap, 1)
    assert [reason.code for reason in told.reasons] == ["reference_reused"]
    answers = await read(kafka_bootstrap, results(), ApplicationStatusChanged)
    assert [answer.status.value for answer in answers] == ["received", "received"]
    assert len(await read(kafka_bootstrap, APPLICATION.name, lending.ApplicationReady)) == 1
    ((question,), second) = await asked(kafka_bootstrap), submitted("SHOP-2")
    assert question.amount == 600_000
    await publish(kafka_bootstrap, second)
    assert {each.amount for each in await asked(kafka_bootstrap, 2)} == {600_000}


async def test_one_person_through_two_partners_is_one_customer(kafka_bootstrap: str, start: Start) -> None:
    await start().started()
    born = {"identity__identity_number": "11010119900307001X"}
    same = {"identity__identity_number": "11010119900307001x"}
    await publish(kafka_bootstrap, submitted("A-1", **born), submitted("A-1", "clinic", **same))
    questions = await asked(kafka_bootstrap, 2)
    assert {question.partner for question in questions} == {"phone-shop", "clinic"}
    assert len({question.customer_id for question in questions}) == 1
    assert len({question.application_id for question in questions}) == 2
    await wait_for(kafka_bootstrap, CUSTOMER_KEY.name, CustomerKey)
    assert len(await read(kafka_bootstrap, CUSTOMER_KEY.name, CustomerKey)) == 1


async def test_a_newer_minor_version_is_taken_in(kafka_bootstrap: str, start: Start) -> None:
    await start().started()
    newer = submitted("N-1", colour="green", identity__nickname="Ming")
    assert "nickname" in json.loads(newer.value or b"")["identity"]
    await publish(kafka_bootstrap, newer)
    assert (await asked(kafka_bootstrap))[0].application_id == application_id("phone-shop", "N-1")


async def test_a_new_partner_is_found_without_a_restart(kafka_bootstrap: str, start: Start) -> None:
    await start().started()
    await apply_topics(kafka_bootstrap, ["school"])
    await publish(kafka_bootstrap, submitted("S-1", "school"))
    await wait_for_status(kafka_bootstrap, ApplicationStatus.RECEIVED, "school")
    await fresh_topics(kafka_bootstrap)


async def test_offers_expire_on_the_business_day_after_their_last(kafka_bootstrap: str, start: Start) -> None:
    service = await start().started()
    await open_day(service, kafka_bootstrap)
    await publish(kafka_bootstrap, submitted("E-1"), submitted("E-2"))
    await decide(kafka_bootstrap, await asked(kafka_bootstrap, 2))
    offers = await wait_for(kafka_bootstrap, results(), OfferMade, 2)
    (offer,) = [each for each in offers if each.reference == "E-1"]
    await open_day(service, kafka_bootstrap, offer.valid_until)
    await publish(kafka_bootstrap, accepted(offer))
    await wait_for_status(kafka_bootstrap, ApplicationStatus.ACCEPTED)
    assert await read(kafka_bootstrap, APPLICATION.name, lending.ApplicationExpired) == []
    await publish(kafka_bootstrap, day(offer.valid_until + timedelta(1)))
    (expired,) = await wait_for(kafka_bootstrap, APPLICATION.name, lending.ApplicationExpired)
    assert expired.application_id == application_id("phone-shop", "E-2")
    assert expired.expired_on == offer.valid_until + timedelta(1)
    late = next(each for each in offers if each.reference == "E-2")
    await publish(kafka_bootstrap, accepted(late))
    (told,) = await rejections(kafka_bootstrap, 1)
    assert [reason.code for reason in told.reasons] == ["offer_expired"]


async def test_a_decision_that_does_not_come_is_asked_for_again(kafka_bootstrap: str, start: Start) -> None:
    await start(LENDSTREAM_DECISION_PATIENCE_SECONDS="0.2").started()
    await publish(kafka_bootstrap, submitted("L-1"))
    questions = await asked(kafka_bootstrap, 3)
    assert [question.attempt for question in questions[:3]] == [1, 2, 3]
    assert len({question.model_copy(update={"attempt": 1}).model_dump_json() for question in questions}) == 1
    records = await read_topic(kafka_bootstrap, APPLICATION.name)
    assert len({record.header("ce_correlationid") for record in records}) == 1
    await decide(kafka_bootstrap, [questions[0]], approved=False)
    declined = await wait_for_status(kafka_bootstrap, ApplicationStatus.DECLINED)
    assert [reason.code for reason in declined.reasons] == ["AFFORDABILITY"]
    await decide(kafka_bootstrap, [questions[1]])  # asked twice, decided twice: the first stands
    await publish(kafka_bootstrap, submitted("L-1b"))
    await wait_for(kafka_bootstrap, results(), ApplicationStatusChanged, 3)
    assert await read(kafka_bootstrap, results(), OfferMade) == []


async def test_two_instances_and_kills_lose_and_double_nothing(kafka_bootstrap: str, start: Start) -> None:
    one, two = await start().started(), await start().started()
    references = [f"K-{number}" for number in range(300)]
    for number in range(0, 300, 50):
        chunk = references[number : number + 50]
        await publish(
            kafka_bootstrap,
            *(submitted(each, identity__identity_number=f"PERSON-{each}") for each in chunk),
        )
        if number == 50:
            two.kill()
        if number == 150:
            two.start()
        if number == 200:
            one.kill()
    one.start()

    async def answered() -> bool:
        answers = await read(kafka_bootstrap, results(), ApplicationStatusChanged)
        return {answer.reference for answer in answers} >= set(references)

    await until(answered, "every submission is answered")
    answers = await read(kafka_bootstrap, results(), ApplicationStatusChanged)
    assert sorted(answer.reference for answer in answers) == sorted(references)
    questions = await read(kafka_bootstrap, APPLICATION.name, lending.ApplicationReady)
    assert len({question.application_id for question in questions}) == 300
    assert one.stop() == 0
    assert two.stop() == 0
