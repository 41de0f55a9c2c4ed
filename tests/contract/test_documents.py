"""The generated documents: committed as the code makes them, complete, and right."""

import copy
import json
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker
from typer.testing import CliRunner

from contract.contract_examples import EXAMPLES, HERE, Example
from lendstream.cli.main import app
from lendstream.docs import build
from lendstream.docs.schemas import every_event, path_of, schema_of
from lendstream.events.base import MAX_MINOR_UNITS, Event
from lendstream.topics import TOPICS, Topic

DOCS = HERE.parents[1] / "docs"
EVENTS = list(every_event())
Schema = dict[str, Any]


def event_id(value: object) -> str:
    """A readable name for a test of an event."""
    return value.__name__ if isinstance(value, type) else getattr(value, "family", "")


def test_the_committed_documents_are_what_the_code_makes() -> None:
    result = CliRunner().invoke(app, ["docs", "build", "--check", "--to", str(DOCS)])
    assert result.exit_code == 0, f"run `lendstream docs build` and commit what it writes:\n{result.output}"


def test_drift_is_found_and_mended(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    shutil.copytree(DOCS / "schemas", folder / "schemas")
    build.write(folder)
    changed, removed = "schemas/lending.loan.v1/LoanOpened.json", "topics.md"
    (folder / changed).write_text("{}", encoding="utf-8")
    (folder / removed).unlink()
    stale = folder / "schemas/lending.gone.v1/Gone.json"
    stale.parent.mkdir()
    stale.write_text("{}", encoding="utf-8")
    expected = {changed: "different", removed: "missing", "schemas/lending.gone.v1/Gone.json": "left over"}
    assert build.differences(folder) == expected

    result = CliRunner().invoke(app, ["docs", "build", "--check", "--to", str(folder)])
    assert result.exit_code == 1
    assert "left over" in result.output
    assert build.differences(folder) == expected, "--check writes nothing"

    assert CliRunner().invoke(app, ["docs", "build", "--to", str(folder)]).exit_code == 0
    assert build.differences(folder) == {}
    assert not stale.parent.exists()


def test_the_documents_are_the_same_every_time() -> None:
    assert build.documents() == build.documents()


@pytest.mark.parametrize(("topic", "event"), EVENTS, ids=event_id)
def test_each_schema_is_a_valid_schema(topic: Topic, event: type[Event]) -> None:
    Draft202012Validator.check_schema(schema_of(topic, event))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_records_follow_their_schemas(example: Example) -> None:
    schema = json.loads((DOCS / "schemas" / "/".join(example.file.parts[-2:])).read_text(encoding="utf-8"))
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(example.document["value"])


def undescribed(schema: Schema) -> Iterator[str]:
    """Every field, inner ones included, without a description, or without an example where the type does not say."""
    for title, part in {"": schema, **schema.get("$defs", {})}.items():
        if not part.get("description"):
            yield f"{title or 'the event'}: no description"
        for name, field in part.get("properties", {}).items():
            if not field.get("description") and "$ref" not in field:  # else its type's description says it all
                yield f"{title}.{name}: no description"
            kinds = [kind for kind in field.get("anyOf", [field]) if kind.get("type") != "null"]
            if not all(tells_its_form(kind) or tells_its_form(field) for kind in kinds):
                yield f"{title}.{name}: no example"


def tells_its_form(field: Schema) -> bool:
    """Whether an example or the type itself shows what a value looks like."""
    plain_text = field.get("type") == "string" and set(field) <= {
        "type",
        "title",
        "description",
        "maxLength",
        "default",
    }
    obvious = (
        field.keys() & {"$ref", "enum", "const", "items", "format"} or field.get("type") == "boolean" or plain_text
    )
    return bool(obvious) or bool(field.get("examples"))


@pytest.mark.parametrize(("topic", "event"), EVENTS, ids=event_id)
def test_every_field_is_described(topic: Topic, event: type[Event]) -> None:
    assert list(undescribed(schema_of(topic, event))) == []


def test_an_undescribed_field_is_found() -> None:
    class Bare(Event):
        """An event."""

        amount: int
        reference: str
        """Described."""

    found = list(undescribed(Bare.model_json_schema()))
    assert found == [".amount: no description", ".amount: no example"]


@pytest.mark.parametrize(("topic", "event"), EVENTS, ids=event_id)
def test_every_amount_says_its_unit_and_its_event_names_the_currency(topic: Topic, event: type[Event]) -> None:
    schema = schema_of(topic, event)
    parts = [schema, *schema.get("$defs", {}).values()]
    fields = {name: field for part in parts for name, field in part.get("properties", {}).items()}
    amounts = [field for field in fields.values() if field.get("maximum") == MAX_MINOR_UNITS]
    assert all("minor units" in field["x-unit"] for field in amounts)
    assert not amounts or "currency" in fields


@cache
def document() -> Schema:
    """The committed AsyncAPI document."""
    loaded: Schema = yaml.safe_load((DOCS / "asyncapi/lendstream.yaml").read_text(encoding="utf-8"))
    return loaded


def structure() -> Draft202012Validator:
    """The structure that AsyncAPI 3.0 asks for."""
    return Draft202012Validator(json.loads((HERE / "asyncapi.schema.json").read_text(encoding="utf-8")))


def unresolved(node: object, root: Schema) -> Iterator[str]:
    """References that lead nowhere."""
    if isinstance(node, dict):
        if isinstance(reference := node.get("$ref"), str) and not leads_somewhere(reference, root):
            yield reference
        for each in node.values():
            yield from unresolved(each, root)
    elif isinstance(node, list):
        for each in node:
            yield from unresolved(each, root)


def leads_somewhere(reference: str, root: Schema) -> bool:
    """Whether the document has what the reference names."""
    node: Any = root
    if not reference.startswith("#/"):
        return False
    for part in reference[2:].split("/"):
        if not isinstance(node, dict) or part not in node:
            return False
        node = node[part]
    return True


def test_the_asyncapi_document_has_the_structure_of_its_standard() -> None:
    assert [f"{list(error.path)}: {error.message}" for error in structure().iter_errors(document())] == []


def test_every_reference_of_the_asyncapi_document_resolves() -> None:
    loaded = document()
    assert list(unresolved(loaded, loaded)) == []


def test_the_checks_of_the_asyncapi_document_can_fail() -> None:
    broken = copy.deepcopy(document())
    broken["operations"]["risk.send.lending.decision.v1"]["action"] = "publish"
    broken["channels"]["lending.loan.v1"]["bindings"]["kafka"]["partitions"] = "6"
    del broken["components"]["schemas"]["LoanOpened"]
    assert len(list(structure().iter_errors(broken))) == 2
    assert list(unresolved(broken, broken)) == ["#/components/schemas/LoanOpened"]


def test_the_asyncapi_document_has_every_topic_event_writer_and_reader() -> None:
    loaded = document()
    channels, operations = loaded["channels"], loaded["operations"]
    assert set(channels) == {topic.family for topic in TOPICS}
    for topic in TOPICS:
        assert set(channels[topic.family]["messages"]) >= {event.__name__ for event in topic.events}
        assert f"{topic.owner.split(',')[0].replace(' ', '-')}.send.{topic.family}" in operations
        for reader in topic.readers:
            assert operations[f"{reader.replace(' ', '-')}.receive.{topic.family}"]["action"] == "receive"


def test_the_asyncapi_payloads_are_the_schemas() -> None:
    """Two events of one name must not be mixed up, nor a part of one taken for a part of the other."""
    loaded = document()
    components = loaded["components"]
    for topic, event in EVENTS:
        channel = loaded["channels"][topic.family]["messages"][event.__name__]["$ref"].rpartition("/")[2]
        payload = components["messages"][channel]["payload"]["$ref"].rpartition("/")[2]
        assert set(components["schemas"][payload]["properties"]) == set(event.model_fields), path_of(topic, event)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_records_follow_the_asyncapi_document(example: Example) -> None:
    loaded = document()
    family, name = example.file.parts[-2], example.file.stem
    message = loaded["channels"][family]["messages"][name]["$ref"].rpartition("/")[2]
    for part, value in (("payload", example.document["value"]), ("headers", example.document["headers"])):
        schema = {**loaded["components"]["messages"][message][part], "components": loaded["components"]}
        Draft202012Validator(schema).validate(value)
