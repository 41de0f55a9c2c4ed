"""Records through the unit of work of `application`, on a real PostgreSQL."""

import asyncio
import json
from uuid import uuid4

from lendstream.envelope import Record, encode
from lendstream.events.base import Event
from lendstream.events.calendar import BusinessDayStarted
from lendstream.events.customer import CustomerKey
from lendstream.events.intake import Identity
from lendstream.runtime.sql import Pool
from lendstream.runtime.unit_of_work import UnitOfWork
from lendstream_application.domain.decision import decided
from unit.application.samples import DESK, NOW, TODAY, VAULT, content, context, decision, received, record, submission


async def test_no_table_holds_a_direct_identifier(pool: Pool, unit_of_work: UnitOfWork) -> None:
    await unit_of_work.process([record(json.dumps(content()).encode())])
    tables = await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    dump = ""
    for table in tables:
        rows = await pool.fetch(f'SELECT t::text AS line FROM "{table["tablename"]}" t')
        dump += "\n".join(row["line"] for row in rows)
    payloads = b"".join(row["payload"] for row in await pool.fetch("SELECT payload FROM outbox")).decode()
    assert "SHOP-1" in dump
    for identifier in ("王小明", "110101199003070017", "13800138000", "xiaoming", "1990-03-07"):
        assert identifier not in dump
        assert identifier not in payloads


def told(event: Event) -> Record:
    return encode(event, id=str(uuid4()), source="lendstream", time=NOW)


async def types(pool: Pool) -> list[str]:
    return [row["type"] for row in await pool.fetch("SELECT type FROM outbox ORDER BY seq")]


async def test_a_batch_of_a_whole_story_is_carried_out_in_order(pool: Pool, unit_of_work: UnitOfWork) -> None:
    state = received()
    offered = decided(DESK, state, decision(state), context())[0]
    assert offered.offer is not None
    acceptance = {"reference": "SHOP-1", "offer_id": str(offered.offer.offer_id), "accepted_at": NOW.isoformat()}
    await unit_of_work.process(
        [
            told(BusinessDayStarted(lender="lendstream", day=TODAY)),
            record(json.dumps(content()).encode()),
            told(decision(state)),
            record(json.dumps(acceptance).encode(), kind="OfferAccepted"),
            record(json.dumps(content()).encode()),
            record(json.dumps(content(amount=700_000)).encode()),
            record(b"junk"),
        ]
    )
    assert await types(pool) == [
        *("ApplicationReceived", "ApplicationReady", "ApplicationStatusChanged", "CustomerKey", "CustomerProfile"),
        *("OfferMade", "ApplicationStatusChanged"),
        *("OfferAccepted", "ApplicationStatusChanged"),
        "ApplicationStatusChanged",
        "SubmissionRejected",
        "SubmissionRejected",
    ]
    assert await pool.fetchval("SELECT status FROM application") == "accepted"


async def test_a_refused_submission_makes_no_customer(pool: Pool, unit_of_work: UnitOfWork) -> None:
    await unit_of_work.process([record(json.dumps(content(amount=1)).encode())])
    assert await types(pool) == ["SubmissionRejected"]
    assert await pool.fetchval("SELECT count(*) FROM customer") == 0


async def test_one_person_through_two_partners_at_once_is_one_customer(pool: Pool, unit_of_work: UnitOfWork) -> None:
    value = json.dumps(content()).encode()
    await asyncio.gather(*(unit_of_work.process([record(value, partner=f"partner-{number}")]) for number in range(6)))
    assert await pool.fetchval("SELECT count(*) FROM application") == 6
    assert await pool.fetchval("SELECT count(DISTINCT customer_id) FROM application") == 1
    assert (await types(pool)).count("CustomerKey") == 1
    row = await pool.fetchrow("SELECT * FROM customer")
    assert row is not None
    names = ("customer_id", "key_id", "wrapped_key", "master_key_id")
    key = CustomerKey(**{name: row[name] for name in names})
    opened = VAULT.open(key, key.customer_id, row["ciphertext"])
    assert Identity.model_validate_json(opened) == submission().identity


async def test_a_thousand_applications_in_a_batch(pool: Pool, unit_of_work: UnitOfWork) -> None:
    await unit_of_work.process(
        [
            record(json.dumps(content(f"R-{n}", identity__identity_number=f"{n:018d}")).encode(), key=f"R-{n}")
            for n in range(1000)
        ]
    )
    assert await pool.fetchval("SELECT count(*) FROM application") == 1000
    assert await pool.fetchval("SELECT count(*) FROM customer") == 1000
    assert await pool.fetchval("SELECT count(*) FROM outbox") == 5000
