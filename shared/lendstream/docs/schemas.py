"""The JSON Schema (draft 2020-12) of each event."""

from collections.abc import Iterator
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from lendstream.events.base import Event
from lendstream.topics import TOPICS, Topic

MODE: JsonSchemaMode = "validation"
"""What a reader takes: a field with a default may be missing, as in records older than the field."""


class _Generator(GenerateJsonSchema):
    """Leaves out the titles that only repeat the fields' names."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def every_event() -> Iterator[tuple[Topic, type[Event]]]:
    """Each event with the topic it is on, in the registry's order."""
    return ((topic, event) for topic in TOPICS for event in topic.events)


def path_of(topic: Topic, event: type[Event]) -> str:
    """The schema's file below the schemas' folder, as `lending.loan.v1/LoanOpened.json`."""
    return f"{topic.family}/{event.__name__}.json"


def schema_of(topic: Topic, event: type[Event]) -> dict[str, Any]:
    """An event's schema, with its topic and key."""
    made = event.model_json_schema(mode=MODE, schema_generator=_Generator)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"lendstream:/schemas/{path_of(topic, event)}",
        "title": event.__name__,
        "description": made.pop("description"),
        "x-topic": topic.name,
        "x-key": topic.key,
        **{name: value for name, value in made.items() if name != "title"},
    }


def component_schemas(ref_template: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The schemas of all events and their parts for one document.

    A reference for each event by its path, and all definitions by name.

    Two events of one name are told apart by their module: `intake.OfferAccepted`, `application.OfferAccepted`.
    """
    references, document = models_json_schema(
        [(event, MODE) for _, event in every_event()], ref_template=ref_template, schema_generator=_Generator
    )
    by_path = {path_of(topic, event): _renamed(references[event, MODE]) for topic, event in every_event()}
    definitions: dict[str, Any] = _renamed(document["$defs"])
    return by_path, definitions


def _renamed(value: Any) -> Any:
    if isinstance(value, dict):
        return {_short(name): _renamed(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_renamed(each) for each in value]
    return _short(value) if isinstance(value, str) else value


def _short(text: str) -> str:
    return text.replace("lendstream__events__", "").replace("__", ".") if "lendstream__events__" in text else text
