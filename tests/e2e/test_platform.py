"""The service processes together: real applications in, loans, payments and reminders out, and books that balance."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest

from lendstream.admin import apply_topics
from lendstream.envelope import Envelope, Record, decode
from lendstream.events.customer import CustomerKey, CustomerProfile
from lendstream.events.intake import ApplicationStatusChanged, OfferMade
from lendstream.events.loan import LoanOpened, PaymentApplied
from lendstream.events.notification import NotificationSent
from lendstream_local.platform import Platform
from lendstream_simulator import picture, portfolio
from lendstream_simulator.desk import Desk
from lendstream_simulator.facts import Facts
from lendstream_simulator.gateways import Gateways
from lendstream_simulator.submissions import Kind, submission
from lendstream_simulator.world import World
from support.broker import producer, read_topic
from support.waiting import until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
SEED = 11
DAYS, APPLICATIONS = 40, 80
SERVICED = {"OfferAccepted", "PaymentReceived", "DisbursementConfirmed", "DisbursementFailed"}
"""The types that servicing takes from the topics of applications and payments."""


@pytest.fixture(scope="session")
def facts(platform: Platform) -> Facts:
    """Forty business days with eighty applications; the books must balance."""

    async def run() -> Facts:
        gateways = Gateways(platform.journals, seed=SEED, elsewhere=True)
        async with World(
            platform.stack.kafka_bootstrap,
            seed=SEED,
            start=date(2026, 3, 2),
            directory=platform.journals,
            partners=platform.partners,
            gateways=gateways,
            desk=Desk(platform.programs["servicing"].url, platform.secrets.operator_token),
        ) as world:
            await world.run_days(DAYS, applications=APPLICATIONS, limit=300)
            facts, audit = await world.audit()
            assert audit.findings == ()
            assert [balance for balance in audit.balances if not balance.even] == []
            print(*(f"not checked: {each}" for each in audit.unchecked), sep="\n")
            return facts

    return asyncio.run(run())


def test_the_books_balance(facts: Facts) -> None:
    assert len(facts.data(LoanOpened)) > 10
    assert len(facts.data(PaymentApplied)) > 5
    assert set(picture.dead_letters(facts)) <= {("servicing", "wrong_currency")}
    assert facts.unreadable == []


def test_several_products_are_lent(facts: Facts) -> None:
    products, methods = (
        [each for each in lines if each.loans] for lines in (portfolio.products(facts), portfolio.methods(facts))
    )
    assert len(products) >= 3
    assert len(methods) >= 2
    assert all(each.apr is not None and each.volume > 0 for each in (*products, *methods))


def test_one_story_has_one_correlation_and_one_trace(facts: Facts) -> None:
    """From the partner's record to the notification."""
    sent = next(each for each in facts.all(NotificationSent) if each.data.kind == "article_first_loan")
    story = [e for e in facts.every if e.correlation_id == sent.correlation_id]
    assert {"ApplicationSubmitted", "ApplicationReady", "ApplicationDecided"} <= {e.type for e in story}
    assert sent.traceparent is not None
    assert {e.traceparent for e in story} == {sent.traceparent}


def test_every_service_shows_its_work(platform: Platform, facts: Facts) -> None:
    services = {name: program for name, program in platform.programs.items() if name != "outside"}
    pages = {name: httpx.get(f"{program.url}/metrics").text for name, program in services.items()}
    assert "lendstream_decisions_total" in pages["risk"]
    assert "lendstream_since_submission_seconds_count" in pages["servicing"]
    for name in ("application", "servicing", "notifications"):
        for metric in (
            "records_total",
            "batch_seconds_count",
            "outbox_records",
            "consumer_lag_records",
            "business_day",
        ):
            assert f"lendstream_{metric}" in pages[name], (name, metric)


def test_a_new_partner_is_heard_without_a_restart(platform: Platform, facts: Facts) -> None:
    partner = f"new-{uuid4().hex[:8]}"
    bootstrap = platform.stack.kafka_bootstrap

    async def run() -> list[Record]:
        await apply_topics(bootstrap, [partner])
        made = submission(99, 0, partners=[partner], today=date(2026, 4, 12), now=datetime.now(UTC))
        number = 0
        while made.kind is not Kind.GOOD:
            number += 1
            made = submission(99, number, partners=[partner], today=date(2026, 4, 12), now=datetime.now(UTC))
        async with producer(bootstrap) as send:
            await send(made.records)

        async def answers() -> list[Record]:
            return await read_topic(bootstrap, f"lending.intake-result.{partner}.v1")

        return await until(answers, "the new partner has an answer")

    types = {record.header("ce_type") for record in asyncio.run(run())}
    assert types & {"ApplicationStatusChanged", "SubmissionRejected"}


def test_an_erased_customer_can_be_read_by_nobody(platform: Platform, facts: Facts) -> None:
    profile = facts.data(CustomerProfile)[-1]
    customer = str(profile.customer_id)
    command = [str(Path(sys.executable).parent / "lendstream"), "customer", "erase", customer, "--yes", "--json"]
    environment = os.environ | {
        "LENDSTREAM_APPLICATION_URL": platform.programs["application"].url,
        "LENDSTREAM_OPERATOR_TOKEN": platform.secrets.operator_token,
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["customer_id"] == customer

    async def check() -> None:
        async def tombstones() -> bool:
            topics = ("lending.customer.v1", "lending.customer-key.v1")
            last = {(r.topic, r.key): r for r in await read_topic(platform.stack.kafka_bootstrap, *topics)}
            return all(last[topic, customer.encode()].value is None for topic in topics)

        await until(tombstones, "both topics end with a tombstone")

        async def forgotten() -> bool:
            rows = []
            for name, table in (("application", "customer"), ("notifications", "contact")):
                connection = await asyncpg.connect(platform.stack.postgres_dsn(name))
                try:
                    rows.append(
                        await connection.fetchrow(
                            f"SELECT wrapped_key, ciphertext FROM {table} WHERE customer_id = $1", profile.customer_id
                        )
                    )
                finally:
                    await connection.close()
            return all(row is None or (row["wrapped_key"] is None and row["ciphertext"] is None) for row in rows)

        await until(forgotten, "no service keeps the key or the profile")

    asyncio.run(check())
    assert any(key.customer_id == profile.customer_id for key in facts.data(CustomerKey))


def test_http_takes_an_application_and_answers_the_same_twice(platform: Platform, facts: Facts) -> None:
    partner = platform.partners[0]
    number = 500
    made = submission(7, number, partners=[partner], today=date(2026, 4, 12), now=datetime.now(UTC))
    while made.kind is not Kind.GOOD:
        number += 1
        made = submission(7, number, partners=[partner], today=date(2026, 4, 12), now=datetime.now(UTC))
    url = f"{platform.programs['application'].url}/v1/applications"
    headers = {
        "Authorization": f"Bearer {platform.secrets.partner_tokens[partner]}",
        "Idempotency-Key": str(uuid4()),
        "Content-Type": "application/json",
    }
    body = json.loads(made.records[0].value or b"") | {"reference": f"HTTP-{uuid4()}"}
    first = httpx.post(url, json=body, headers=headers)
    assert first.status_code in (201, 202), first.text
    again = httpx.post(url, json=body, headers=headers)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    other = httpx.post(url, json=body | {"purpose": "another"}, headers=headers)
    assert other.status_code == 409
    assert httpx.post(url, json=body, headers=headers | {"Authorization": "Bearer nobody"}).status_code == 401

    def answered() -> bool:
        return bool(
            httpx.get(f"{url}/{first.json()['application_id']}", headers=headers).json()["status"] != "received"
        )

    asyncio.run(until(answered, "the application is decided"))


def test_an_event_that_comes_again_changes_nothing(platform: Platform, facts: Facts) -> None:
    """Applications and payments published once more, as a partner's or a bank's retry would."""

    async def run() -> tuple[int, int]:
        bootstrap = platform.stack.kafka_bootstrap
        told = await read_topic(bootstrap, "lending.application.v1", "lending.payment.v1")
        # What was refused is no duplicate when it comes again: it may be right by then.
        refused = {letter.record.place for letter in facts.dead_letters}
        records = [each for each in told if each.place not in refused]
        before = await loan_events(bootstrap)
        async with producer(bootstrap) as send:
            await send(records)

        async def read_again() -> bool:
            page = (await asyncio.to_thread(httpx.get, f"{platform.programs['servicing'].url}/metrics")).text
            duplicates = [line for line in page.splitlines() if line.startswith("lendstream_records_total{")]
            counted = sum(float(line.rsplit(" ", 1)[1]) for line in duplicates if 'outcome="duplicate"' in line)
            return counted >= sum(record.header("ce_type") in SERVICED for record in records)

        await until(read_again, "servicing has read the repetitions")
        return before, await loan_events(bootstrap)

    before, after = asyncio.run(run())
    assert before == after


async def loan_events(bootstrap: str) -> int:
    envelopes = [decode(record) for record in await read_topic(bootstrap, "lending.loan.v1")]
    return len({envelope.id for envelope in envelopes if isinstance(envelope, Envelope)})


def test_partners_hear_of_their_own_applications_only(platform: Platform, facts: Facts) -> None:
    for partner in platform.partners:
        records = asyncio.run(read_topic(platform.stack.kafka_bootstrap, f"lending.intake-result.{partner}.v1"))
        told = [envelope.data for envelope in map(decode, records) if isinstance(envelope, Envelope)]
        assert told
        assert {event.partner for event in told if isinstance(event, ApplicationStatusChanged | OfferMade)} == {partner}
