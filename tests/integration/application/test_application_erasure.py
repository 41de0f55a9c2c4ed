"""Erasing a person: nobody can read who it was any more, and everything else goes on."""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

import asyncpg
import httpx

from integration.application.conftest import TOKENS
from integration.application.story import asked, decide, open_day, publish, read, results, submitted, wait_for
from lendstream.envelope import Record
from lendstream.events.customer import CustomerKey, CustomerProfile
from lendstream.events.intake import ApplicationStatusChanged, Identity, OfferMade
from lendstream.topics import CUSTOMER, CUSTOMER_KEY
from lendstream_application.domain.ids import application_id
from support.broker import read_topic
from support.processes import Process
from support.tokens import ADMIN, OPERATOR
from support.waiting import until
from unit.application.samples import VAULT

Start = Callable[..., Process]


async def lendstream(url: str, *arguments: str, token: str = ADMIN) -> tuple[int, str, str]:
    """The command line, as an operator uses it."""
    environment = {
        **os.environ,
        "LENDSTREAM_APPLICATION_URL": url,
        "LENDSTREAM_OPERATOR_TOKEN": token,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from lendstream.cli.customer import app; app()", *arguments),
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


def compacted(records: list[Record]) -> dict[bytes, Record]:
    """What compaction leaves of a topic."""
    last: dict[bytes, Record] = {}
    for record in records:
        last[record.key or b""] = record
    return {key: record for key, record in last.items() if record.value is not None}


async def tombstoned(bootstrap: str, topic: str, customer: UUID) -> bool:
    records = [each for each in await read_topic(bootstrap, topic) if each.key == str(customer).encode()]
    return bool(records) and records[-1].value is None


async def test_a_person_is_erased_and_the_rest_goes_on(kafka_bootstrap: str, start: Start, database: str) -> None:
    service = await start().started()
    await open_day(service, kafka_bootstrap)
    await publish(kafka_bootstrap, submitted("P-1"), submitted("Q-1", identity__identity_number="SOMEBODY-ELSE"))
    questions = await asked(kafka_bootstrap, 2)
    (question,) = [each for each in questions if each.application_id == application_id("phone-shop", "P-1")]
    person = question.customer_id
    await wait_for(kafka_bootstrap, CUSTOMER.name, CustomerProfile, 2)
    (old,) = [
        each for each in await read(kafka_bootstrap, CUSTOMER.name, CustomerProfile) if each.customer_id == person
    ]

    code, out, err = await lendstream(service.url, "erase", str(person), "--yes", "--json")
    assert (code, err) == (0, "")
    answer = json.loads(out)
    assert answer["customer_id"] == str(person)
    assert set(answer["tombstones"]) == {CUSTOMER.name, CUSTOMER_KEY.name}
    kept = datetime.fromisoformat(answer["intake_keeps_until"]) - datetime.fromisoformat(answer["erased_at"])
    assert kept == timedelta(days=3, hours=6)  # the retention, and the file it is deleted with

    for topic in (CUSTOMER, CUSTOMER_KEY):
        await until(partial(tombstoned, kafka_bootstrap, topic.name, person), "the tombstone is there")
        left = compacted(await read_topic(kafka_bootstrap, topic.name))
        assert str(person).encode() not in left
        assert len(left) == 1
    connection = await asyncpg.connect(database)
    try:
        row = await connection.fetchrow("SELECT * FROM customer WHERE customer_id = $1", person)
        assert row is not None
        assert {name for name, value in row.items() if value is not None} == {"customer_id", "erased_at"}
        assert await connection.fetchval("SELECT count(*) FROM customer WHERE ciphertext IS NOT NULL") == 1
        assert await connection.fetchval("SELECT count(*) FROM outbox") == 0
    finally:
        await connection.close()

    await decide(kafka_bootstrap, questions)
    offers = await wait_for(kafka_bootstrap, results(), OfferMade, 2)
    assert {offer.reference for offer in offers} == {"P-1", "Q-1"}

    await publish(kafka_bootstrap, submitted("P-2"))
    keys = await wait_for(kafka_bootstrap, CUSTOMER_KEY.name, CustomerKey, 3)
    mine = [key for key in keys if key.customer_id == person]
    assert len({key.key_id for key in mine}) == 2
    profiles = await wait_for(kafka_bootstrap, CUSTOMER.name, CustomerProfile, 3)
    new = next(each for each in reversed(profiles) if each.customer_id == person)
    assert new.key_id == mine[-1].key_id != old.key_id
    assert Identity.model_validate_json(VAULT.open(mine[-1], person, new.ciphertext)).name == "王小明"


async def test_a_repeated_submission_from_before_does_not_bring_the_person_back(
    kafka_bootstrap: str, start: Start
) -> None:
    service = await start().started()
    first = submitted("P-1")
    await publish(kafka_bootstrap, first)
    (question,) = await asked(kafka_bootstrap)
    await wait_for(kafka_bootstrap, CUSTOMER.name, CustomerProfile)
    assert (await lendstream(service.url, "erase", str(question.customer_id), "--yes"))[0] == 0
    again = submitted("P-1")
    await publish(kafka_bootstrap, Record(first.topic, first.key, first.value, again.headers))
    await wait_for(kafka_bootstrap, results(), ApplicationStatusChanged, 2)
    await until(partial(tombstoned, kafka_bootstrap, CUSTOMER.name, question.customer_id), "the tombstone is last")
    assert len(await read(kafka_bootstrap, CUSTOMER_KEY.name, CustomerKey)) == 1


async def test_the_command_says_what_it_does_and_what_is_wrong(kafka_bootstrap: str, start: Start) -> None:
    service = await start().started()
    await publish(kafka_bootstrap, submitted("P-1"))
    (question,) = await asked(kafka_bootstrap)
    person = str(question.customer_id)
    code, out, err = await lendstream(service.url, "erase", person)
    assert (code, out.strip()) == (1, "")  # nobody said yes
    assert person in err
    code, _, err = await lendstream(service.url, "erase", str(uuid4()), "--yes")
    assert code == 1
    assert "no customer" in err
    code, _, err = await lendstream(service.url, "erase", person, "--yes", token="nobody's")
    assert code == 1
    assert "LENDSTREAM_API_TOKENS" in err
    code, _, err = await lendstream(service.url, "erase", person, "--yes", token=OPERATOR)
    assert code == 1
    assert "this wants admin" in err
    code, _, err = await lendstream(service.url, "erase", person, "--yes", token="")
    assert code == 1
    assert "Set LENDSTREAM_OPERATOR_TOKEN" in err
    code, _, err = await lendstream("http://127.0.0.1:9", "erase", person, "--yes")
    assert code == 3
    assert "does not answer" in err
    assert (await lendstream("ftp://127.0.0.1", "erase", person, "--yes"))[0] == 2
    assert (await lendstream(service.url, "erase", "not-an-id", "--yes"))[0] == 2
    for _ in range(2):  # it may be repeated
        code, out, _ = await lendstream(service.url, "erase", person, "--yes")
        assert code == 0
        assert CUSTOMER.name in out
        assert "until" in out


async def test_partners_cannot_erase(start: Start) -> None:
    service = await start().started()
    async with httpx.AsyncClient(base_url=service.url) as client:
        for token in ("nobody", TOKENS["phone-shop"], "x"):
            answer = await client.delete(f"/v1/customers/{uuid4()}", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 401
            assert answer.json()["errors"][0]["code"] == "unknown_token"
