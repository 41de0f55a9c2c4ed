"""`lendstream topics` brings a real broker to what the registry says."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from integration.cli.conftest import Lendstream, in_json
from lendstream import admin
from lendstream.admin import Existing
from lendstream.topics import INTAKE, LOAN, TOPICS, expand
from support.waiting import until

T = TypeVar("T")
NAMES = set(expand(["phone-shop"]))


def with_admin(bootstrap: str, work: Callable[[AIOKafkaAdminClient], Awaitable[T]]) -> T:
    """Do something with an admin client."""

    async def run() -> T:
        async with admin.connected(bootstrap) as client:
            return await work(client)

    return asyncio.run(run())


@pytest.fixture
def empty(kafka_bootstrap: str) -> str:
    """A broker without any of the registry's topics."""

    async def clear(client: AIOKafkaAdminClient) -> None:
        async def left() -> list[str]:
            return [name for name in await client.list_topics() if name.startswith("lending.")]

        async def gone() -> bool:
            return not await left()

        if names := await left():
            await client.delete_topics(names)
        await until(gone, "the topics are deleted")

    with_admin(kafka_bootstrap, clear)
    return kafka_bootstrap


def on_broker(bootstrap: str) -> dict[str, Existing]:
    """The platform's topics as the broker has them."""

    async def look(client: AIOKafkaAdminClient) -> dict[str, Existing]:
        names = sorted(name for name in await client.list_topics() if name.startswith("lending."))
        return await admin.describe(client, names)

    return with_admin(bootstrap, look)


def test_all_topics_are_created_and_then_there_is_nothing_to_do(lendstream: Lendstream, empty: str) -> None:
    planned = in_json(lendstream("topics", "apply", "--partner", "phone-shop", "--json"))
    assert planned["applied"] is False
    assert {change["topic"] for change in planned["changes"]} == NAMES
    assert on_broker(empty) == {}, "a plan changes nothing"

    done = lendstream("topics", "apply", "--partner", "phone-shop", "--yes")
    assert done.exit_code == 0
    assert f"Done: {len(NAMES)} created." in done.output
    found = on_broker(empty)
    assert set(found) == NAMES
    for name, topic in expand(["phone-shop"]).items():
        assert found[name].partitions == topic.partitions
        assert topic.config.items() <= found[name].config.items()

    again = lendstream("topics", "apply", "--yes")
    assert again.exit_code == 0
    assert "Nothing to do" in again.output
    assert in_json(lendstream("topics", "apply", "--yes", "--json")) == {"applied": False, "changes": []}


def test_it_asks_and_no_means_no(lendstream: Lendstream, empty: str) -> None:
    refused = lendstream("topics", "apply", stdin="n\n")
    assert refused.exit_code == 1
    assert "create" in refused.output
    assert on_broker(empty) == {}
    assert lendstream("topics", "apply", stdin="y\n").exit_code == 0
    assert LOAN.name in on_broker(empty)


def test_topics_are_widened_and_corrected_but_never_made_narrower(lendstream: Lendstream, empty: str) -> None:
    intake = INTAKE.named("clinic")
    drifted = {"retention.ms": "1000", "segment.bytes": "2097152"}
    topics = [
        NewTopic(LOAN.name, 2, 1, topic_configs=LOAN.config),
        NewTopic("lending.payment.v1", 9, 1, topic_configs=drifted),
        NewTopic(intake, INTAKE.partitions, 1, topic_configs=INTAKE.config | {"retention.ms": "5"}),
    ]

    async def create(client: AIOKafkaAdminClient) -> None:
        answer = await client.create_topics(topics)
        assert [error for _, error, *_ in answer.topic_errors] == [0, 0, 0], answer

        async def there() -> bool:
            return len(await admin.describe(client, [topic.name for topic in topics])) == len(topics)

        await until(there, "the topics are there")

    with_admin(empty, create)

    done = lendstream("topics", "apply", "--yes")
    assert done.exit_code == 0, done.output
    assert "2 → 6 partitions" in done.output
    assert "keys move to other partitions" in done.output
    assert "the broker has 9 partitions, the registry 6" in done.output
    assert "retention.ms: 1000 → -1" in done.output

    found = on_broker(empty)
    assert found[LOAN.name].partitions == 6
    payment = found["lending.payment.v1"]
    assert payment.partitions == 9
    assert payment.own_config["retention.ms"] == "-1"
    assert payment.own_config["segment.bytes"] == "2097152", "a setting outside the registry stays"
    assert found[intake].own_config["retention.ms"] == INTAKE.config["retention.ms"], "a partner's, though not named"
    assert "lending.intake-result.clinic.v1" in found, "the partner's other topic comes along"

    changes = in_json(lendstream("topics", "apply", "--json"))["changes"]
    assert [(change["topic"], change["action"]) for change in changes] == [("lending.payment.v1", "leave")]
    assert "Nothing to do." in lendstream("topics", "apply", "--yes").output


def test_two_at_once_do_not_disturb_each_other(empty: str) -> None:
    async def twice() -> None:
        await asyncio.gather(*(admin.apply_topics(empty, ["phone-shop", "clinic"]) for _ in range(3)))

    asyncio.run(twice())
    assert set(on_broker(empty)) == set(expand(["phone-shop", "clinic"]))
    assert asyncio.run(admin.apply_topics(empty, ["clinic"])) == []


def test_more_copies_than_brokers_are_refused_with_a_sentence(lendstream: Lendstream, empty: str) -> None:
    refused = lendstream("topics", "apply", "--replication", "3", "--yes")
    assert refused.exit_code == 3
    assert "Could not create lending." in refused.output
    assert "Traceback" not in refused.output


@pytest.mark.parametrize("name", ["Phone Shop", "a/b", "", "-x", "x" * 41])
def test_a_partner_of_no_valid_name_is_refused(lendstream: Lendstream, name: str) -> None:
    assert lendstream("topics", "apply", "--partner", name, "--yes").exit_code == 2


@pytest.mark.parametrize("address", ["127.0.0.1:1", "no-such-host.invalid:9092"])
def test_a_broker_that_is_not_there_is_told_in_a_sentence(lendstream: Lendstream, address: str) -> None:
    for command in (["topics", "apply"], ["tail", "--no-follow"], ["dlq", "list"]):
        failed = lendstream(*command, "--bootstrap", address)
        assert failed.exit_code == 3
        assert failed.output.startswith(f"No Kafka broker answers at {address}: ")
        assert len(failed.output.splitlines()) == 1


def test_the_registry_is_listed(lendstream: Lendstream) -> None:
    shown = lendstream("topics", "list").output
    assert all(topic.name in shown for topic in TOPICS)
    assert [each["name"] for each in in_json(lendstream("topics", "list", "--json"))] == [each.name for each in TOPICS]
