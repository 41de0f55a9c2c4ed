"""JSON documents from a file or standard input, checked against an event's model with every reason."""

import difflib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import typer
from pydantic import BaseModel, ValidationError

from lendstream.errors import FieldError, from_pydantic
from lendstream.events.base import Event
from lendstream.topics import TOPICS, Topic, UnknownTopic, find


@dataclass(frozen=True, slots=True)
class Target:
    """What kind of event is meant, on which topic, and for which partner if the topic is a partner's."""

    topic: Topic
    model: type[Event]
    partner: str | None


@dataclass(frozen=True, slots=True)
class Checked:
    """A document and what was found of it: an event, or every reason why it is none."""

    line: int
    """Where it begins: a line of JSON lines, or the place in a JSON list, from 1."""
    event: Event | None
    errors: tuple[FieldError, ...]
    unknown: tuple[str, ...]
    """Fields that readers ignore: slips of the pen, often."""


def target(name: str, topic: str | None, partner: str | None) -> Target:
    """The event of that name; topic or partner say which, where several topics have one of it.

    Raises:
        typer.BadParameter: there is none, or more than one.
    """
    candidates = [(each, model) for each in TOPICS for model in each.events if model.__name__ == name]
    if not candidates:
        close = difflib.get_close_matches(name, {model.__name__ for each in TOPICS for model in each.events})
        hint = f"; did you mean {' or '.join(close)}?" if close else "; docs/topics.md has them all"
        raise typer.BadParameter(f"no event {name!r}{hint}")
    if topic:
        chosen, parameter = _named(topic)
        candidates = [each for each in candidates if each[0] is chosen]
        if not candidates:
            raise typer.BadParameter(f"{name} is not on {chosen.name}; on it are {_types(chosen)}")
        partner = partner or parameter
    if partner and len(candidates) > 1:
        candidates = [each for each in candidates if each[0].parameter == "partner"] or candidates
    if len(candidates) > 1:
        raise typer.BadParameter(f"{name} is on several topics: choose with --topic {_topic_choices(candidates)}")
    found, model = candidates[0]
    if partner and found.parameter != "partner":
        raise typer.BadParameter(f"{name} travels on {found.name}, which has no partner")
    return Target(found, model, partner)


def _named(topic: str) -> tuple[Topic, str | None]:
    for each in TOPICS:
        if topic in (each.name, each.family):
            return each, None
    try:
        return find(topic)
    except UnknownTopic as error:
        raise typer.BadParameter(str(error), param_hint="--topic") from error


def _types(topic: Topic) -> str:
    return ", ".join(event.__name__ for event in topic.events) or "no events"


def _topic_choices(candidates: list[tuple[Topic, type[Event]]]) -> str:
    return " or ".join(f"{topic.family}" for topic, _ in candidates)


def read(file: str) -> bytes:
    """The bytes of a file, or of standard input for `-`.

    Raises:
        typer.BadParameter: the file cannot be read.
    """
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"cannot read {file}: {error.strerror}") from error


def split(content: bytes) -> list[tuple[int, str]]:
    """The documents in the content, numbered: one JSON document, a JSON list of them, or one on each line."""
    text = content.decode("utf-8-sig", "surrogateescape")
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    try:
        whole = json.loads(text)
    except ValueError:
        return lines if len(lines) > 1 and _is_json(lines[0][1]) else [(1, text)]
    if isinstance(whole, list):
        return [(number, json.dumps(each, ensure_ascii=False)) for number, each in enumerate(whole, 1)]
    return [(1, text)]


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def check(model: type[Event], content: bytes, fill: dict[str, str] | None = None) -> Iterator[Checked]:
    """Each document in the content against the model; `fill` gives fields that the documents may leave out."""
    documents = split(content)
    if not documents:
        empty = FieldError("", "empty", "There is no document.", "Send one JSON object, or one a line.")
        yield Checked(1, None, (empty,), ())
    for line, text in documents:
        raw = text.encode("utf-8", "surrogateescape")
        if fill:
            raw = _filled(raw, fill)
        try:
            event = model.model_validate_json(raw)
        except ValidationError as error:
            yield Checked(line, None, from_pydantic(error, model).errors, _unknown_fields(model, raw))
        else:
            yield Checked(line, event, (), _unknown_fields(model, raw))


def _filled(raw: bytes, fill: dict[str, str]) -> bytes:
    try:
        document = json.loads(raw)
    except ValueError:
        return raw
    return json.dumps({**fill, **document}).encode() if isinstance(document, dict) else raw


def _unknown_fields(model: type[BaseModel], raw: bytes) -> tuple[str, ...]:
    try:
        document = json.loads(raw)
    except ValueError:
        return ()
    return tuple(_unknown(model, document, ""))


def _unknown(model: type[BaseModel], document: Any, path: str) -> Iterator[str]:
    if not isinstance(document, dict):
        return
    for name, value in document.items():
        field = model.model_fields.get(name)
        if field is None:
            yield path + name
            continue
        inner = _model_in(field.annotation)
        items = enumerate(value) if isinstance(value, list) else [("", value)]
        if inner:
            for place, each in items:
                yield from _unknown(inner, each, f"{path}{name}.{f'{place}.' if place != '' else ''}")


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model in an annotation such as `Model | None`, `tuple[Model, ...]` or `Annotated[Model, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, UnionType, tuple, Annotated):
        return next((found for each in get_args(annotation) if (found := _model_in(each))), None)
    return None
