"""What was written once can be read for ever, and no schema breaks its readers within a topic's version."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from contract.contract_examples import EXAMPLES, HERE, Example
from lendstream.docs.compatibility import breaking_changes
from lendstream.docs.schemas import every_event, path_of, schema_of
from lendstream.envelope import Envelope, decode
from lendstream.events.loan import LoanOpened
from lendstream.topics import LOAN

BASELINE = HERE / "baseline"
BREAKING = "breaking change needs a .v2 topic"


def test_every_event_has_records_of_version_1() -> None:
    kept = {"/".join(example.file.parts[-2:]) for example in EXAMPLES if example.file.parts[-3] == "v1"}
    assert kept >= {path_of(topic, event) for topic, event in every_event()}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_a_record_of_an_older_version_is_read(example: Example) -> None:
    found = decode(example.record())
    assert isinstance(found, Envelope)
    assert found.type == example.file.stem
    assert missing(found.data.model_dump(mode="json"), example.document["value"]) == []


def missing(read: Any, written: Any, path: str = "") -> list[str]:
    """What was written and is not read as it was; fields added since may be there as well."""
    if isinstance(written, dict) and isinstance(read, dict):
        return [each for name, value in written.items() for each in missing(read.get(name), value, f"{path}.{name}")]
    if isinstance(written, list) and isinstance(read, list) and len(read) == len(written):
        pairs = enumerate(zip(read, written, strict=True))
        return [each for number, (now, then) in pairs for each in missing(now, then, f"{path}[{number}]")]
    return [] if read == written else [path]


def test_a_value_that_is_not_read_as_written_is_found() -> None:
    assert missing({"a": [{"b": 1, "new": None}]}, {"a": [{"b": 2}], "c": 3}) == [".a[0].b", ".c"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_a_record_of_a_newer_minor_version_is_read(example: Example) -> None:
    newer = decode(example.record(added_in_a_later_version={"nested": [1, None, "x"]}))
    assert isinstance(newer, Envelope)
    assert newer.data == decode_data(example)


def decode_data(example: Example) -> object:
    """The event of the record as it is."""
    found = decode(example.record())
    assert isinstance(found, Envelope)
    return found.data


def baseline_files() -> list[str]:
    """Every schema that readers rely on."""
    return sorted(file.relative_to(BASELINE).as_posix() for file in BASELINE.rglob("*.json"))


@pytest.mark.parametrize("name", baseline_files())
def test_no_schema_breaks_what_readers_rely_on(name: str) -> None:
    present = {path_of(topic, event): schema_of(topic, event) for topic, event in every_event()}
    assert name in present, f"the event was removed: {BREAKING}"
    old = json.loads((BASELINE / name).read_text(encoding="utf-8"))
    assert breaking_changes(old, present[name]) == [], BREAKING


def test_the_baseline_covers_every_event() -> None:
    assert set(baseline_files()) >= {path_of(topic, event) for topic, event in every_event()}


Edit = Callable[[dict[str, Any]], Any]


def opened(edit: Edit) -> list[str]:
    """What an edit of LoanOpened's schema breaks."""
    old = schema_of(LOAN, LoanOpened)
    new = copy.deepcopy(old)
    edit(new)
    return breaking_changes(old, new)


def renamed(schema: dict[str, Any]) -> None:
    """Call the principal the amount."""
    schema["properties"]["amount"] = schema["properties"].pop("principal")
    schema["required"] = ["amount" if name == "principal" else name for name in schema["required"]]


REFUSED: dict[str, Edit] = {
    "engine: was removed": lambda s: s["properties"].pop("engine"),
    "principal: was removed": renamed,
    "amount: is newly required": renamed,
    "fresh: is newly required": lambda s: (
        s["properties"].update(fresh={"type": "string"}),
        s["required"].append("fresh"),
    ),
    "principal: its type was integer, is string": lambda s: s["properties"]["principal"].update(type="string"),
    "opened_on: its format was date, is date-time": lambda s: s["properties"]["opened_on"].update(format="date-time"),
    "principal: its maximum was 1000000000000, is 5": lambda s: s["properties"]["principal"].update(maximum=5),
    "sequence: its minimum was 1, is 2": lambda s: s["properties"]["sequence"].update(minimum=2),
    "reference: its pattern was": lambda s: s["properties"]["reference"].update(pattern="^x$"),
    "partner: it takes only some values now": lambda s: s["properties"]["partner"].update(enum=["a"]),
    "principal: took 1 kinds of value, takes 2": lambda s: s["properties"]["principal"].update(anyOf=[{}, {}]),
    "instalments[].fee: was removed": lambda s: s["$defs"]["ScheduledInstalment"]["properties"].pop("fee"),
    "instalments[].number: its type was integer": lambda s: s["$defs"]["ScheduledInstalment"]["properties"][
        "number"
    ].update(type="number"),
    "principal: its x-unit was": lambda s: s["properties"]["principal"].update({"x-unit": "yuan"}),
    "x-key: was customer_id, is loan_id": lambda s: s.update({"x-key": "loan_id"}),
}


@pytest.mark.parametrize("finding", REFUSED)
def test_the_check_finds_a_breaking_change(finding: str) -> None:
    found = opened(REFUSED[finding])
    assert any(each.startswith(finding) for each in found), found


def test_the_check_finds_a_narrowed_enum() -> None:
    old = {"properties": {"a": {"enum": ["x", "y"]}}}
    assert breaking_changes(old, {"properties": {"a": {"enum": ["y", "z"]}}}) == ["a: no longer takes x"]


ALLOWED: dict[str, Edit] = {
    "an optional field": lambda s: s["properties"].update(fresh={"type": "string", "default": ""}),
    "another description": lambda s: s["properties"]["engine"].update(description="other words"),
    "a looser bound": lambda s: s["properties"]["principal"].update(maximum=10**15),
    "a field no longer required": lambda s: s["required"].remove("engine"),
    "no pattern any more": lambda s: s["properties"]["reference"].pop("pattern"),
    "an inner optional field": lambda s: s["$defs"]["ScheduledInstalment"]["properties"].update(
        tax={"type": "integer"}
    ),
    "a renamed definition": lambda s: (
        s["$defs"].update(Row=s["$defs"].pop("ScheduledInstalment")),
        s["properties"]["instalments"].update(items={"$ref": "#/$defs/Row"}),
    ),
}


@pytest.mark.parametrize("edit", ALLOWED.values(), ids=ALLOWED)
def test_the_check_lets_the_schema_grow(edit: Edit) -> None:
    assert opened(edit) == []


def test_a_widened_enum_is_allowed() -> None:
    old = {"properties": {"a": {"enum": ["x"]}}}
    assert breaking_changes(old, {"properties": {"a": {"enum": ["x", "y"]}}}) == []


def test_a_schema_that_holds_itself_is_compared_to_its_end() -> None:
    node: dict[str, Any] = {"properties": {"next": {"$ref": "#/$defs/Node"}, "a": {"type": "string"}}}
    old: dict[str, Any] = {"$defs": {"Node": node}, "$ref": "#/$defs/Node"}
    new: dict[str, Any] = copy.deepcopy(old)
    new["$defs"]["Node"]["properties"]["a"]["type"] = "integer"
    assert breaking_changes(old, old) == []
    assert breaking_changes(old, new) == ["a: its type was string, is integer"]
