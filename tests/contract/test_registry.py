"""The registry holds together, and the contract needs little to be used."""

import json
import re
import subprocess
import sys

import pytest

from lendstream.docs.schemas import every_event
from lendstream.events.base import Event
from lendstream.topics import CUSTOMER, SERVICES, TOPICS, Topic, UnknownTopic, expand, find, topic_of

EVENTS = list(every_event())
KEYED_BY_CUSTOMER = [topic for topic in TOPICS if topic.key == "customer_id"]


@pytest.mark.parametrize(("topic", "event"), EVENTS, ids=lambda value: getattr(value, "__name__", ""))
def test_an_event_is_on_one_topic_and_has_its_key(topic: Topic, event: type[Event]) -> None:
    assert topic_of(event) is topic
    assert [other for other in TOPICS if event in other.events] == [topic]
    assert event.model_fields[topic.key].is_required()
    assert event.__doc__


def test_topics_keyed_by_customer_are_partitioned_alike() -> None:
    assert len(KEYED_BY_CUSTOMER) > 3
    assert {topic.partitions for topic in KEYED_BY_CUSTOMER} == {CUSTOMER.partitions}


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.family)
def test_a_topics_name_is_versioned_and_can_be_found_again(topic: Topic) -> None:
    assert re.search(r"\.v[1-9]\d*$", topic.name)
    name = topic.named("phone-shop")
    assert find(name) == (topic, "phone-shop" if topic.parameter else None)
    assert (topic.parameter is None) == (topic.family == topic.name)
    assert re.fullmatch(r"[a-z0-9.-]+", topic.family)


def test_families_do_not_take_each_others_topics() -> None:
    assert len({topic.family for topic in TOPICS}) == len(TOPICS)
    for name, topic in expand(["shop", "result", "a-b"]).items():
        assert find(name)[0] is topic
        assert sum(bool(re.match(other.pattern, name)) for other in TOPICS) == 1


@pytest.mark.parametrize("name", ["lending.intake.v1", "lending.intake.A.v1", "lending.intake.a.b.v1", "other", ""])
def test_another_name_is_unknown(name: str) -> None:
    with pytest.raises(UnknownTopic):
        find(name)


def test_an_event_outside_the_registry_is_unknown() -> None:
    class Stray(Event):
        """On no topic."""

    with pytest.raises(UnknownTopic, match="Stray is on no topic"):
        topic_of(Stray)


def test_direct_identifiers_are_on_no_topic_that_is_kept() -> None:
    for topic in TOPICS:
        text = json.dumps([event.model_json_schema() for event in topic.events])
        if "x-personal-data" in text:
            assert topic.personal_data == "direct"
        if topic.personal_data == "direct":
            assert topic.retention is not None
            assert topic.retention.days <= 30


def test_every_service_has_a_dead_letter_topic() -> None:
    names = expand([])
    assert {f"lending.dead-letter.{service}.v1" for service in SERVICES} <= set(names)


def imported_with(module: str) -> set[str]:
    """The top packages that importing a module brings in."""
    code = f"import sys, {module}; print('\\n'.join({{name for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


RUNTIME = {
    "asyncpg",
    "aiosql",
    "fastapi",
    "uvicorn",
    "structlog",
    "prometheus_client",
    "uuid_utils",
    "psycopg",
    "stamina",
}


def test_the_command_line_needs_no_service_runtime() -> None:
    found = imported_with("lendstream.cli.main")
    assert {"typer", "aiokafka"} <= found
    assert found & (RUNTIME | {"lendstream.runtime", "pydantic_settings"}) == set()


def test_a_partner_needs_pydantic_alone() -> None:
    found = imported_with("lendstream.envelope")
    assert "pydantic" in found
    assert found & (RUNTIME | {"aiokafka", "typer", "rich", "yaml"}) == set()
