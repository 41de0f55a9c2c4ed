"""`lendstream publish` and `lendstream validate`: documents to events, with every reason when they are none."""

import getpass
import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer
from rich.text import Text

from lendstream import admin
from lendstream.cli import broker, documents
from lendstream.cli.common import DEFAULT_BOOTSTRAP, AsJson, Bootstrap, console, fail, print_json, run
from lendstream.cli.documents import Checked, Target
from lendstream.envelope import Record, decode, encode
from lendstream.errors import DataError, FieldError
from lendstream.events.base import Event

File = Annotated[str, typer.Option("--file", "-f", help="JSON, a JSON list, or one document a line; - for stdin.")]
Topic = Annotated[str | None, typer.Option(help="The topic, where several have an event of this name.")]


def validate(
    file: Annotated[str, typer.Argument(help="JSON, a JSON list, or one document a line; - for stdin.")],
    type: Annotated[str, typer.Option("--type", "-t", help="The event's type, as ApplicationSubmitted.")],
    topic: Topic = None,
    as_json: AsJson = False,
) -> None:
    """Check documents against an event's model: every reason, where, and what to do. Exit code 1 if any is wrong."""
    found = _target(type, topic, None, any_topic_of_partners=topic is None)
    checked = list(documents.check(found.model, documents.read(file)))
    _report(checked, found.model.__name__, as_json=as_json)
    if any(each.errors for each in checked):
        raise typer.Exit(1)


def publish(
    event_type: Annotated[str, typer.Argument(help="The event's type, as ApplicationSubmitted.")],
    file: File = "-",
    partner: Annotated[str | None, typer.Option(help="The partner, on partners' topics.")] = None,
    key: Annotated[str | None, typer.Option(help="The record's key; documents may then leave its field out.")] = None,
    topic: Topic = None,
    id: Annotated[
        str | None, typer.Option(help="The event's id (ce_id), for one document. Default: a new UUIDv7.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Who publishes (ce_source). Default: the partner or cli/<user>.")
    ] = None,
    correlation: Annotated[str | None, typer.Option(help="The story it belongs to (ce_correlationid).")] = None,
    bootstrap: Bootstrap = DEFAULT_BOOTSTRAP,
    as_json: AsJson = False,
) -> None:
    """Check documents against an event's model, then publish them all; if any is wrong, none is published."""
    found = _target(event_type, topic, partner)
    checked = list(documents.check(found.model, documents.read(file), {found.topic.key: key} if key else None))
    if id and len(checked) > 1:
        raise typer.BadParameter(f"{len(checked)} documents cannot share one id", param_hint="--id")
    source = source or (f"partner/{found.partner}" if found.partner else f"cli/{getpass.getuser()}")
    records: list[Record] = []
    for place, each in enumerate(checked):
        if each.event is None:
            continue
        try:
            records.append(
                _record(each.event, found, key=key, id=id or str(new_id()), source=source, correlation=correlation)
            )
        except DataError as error:
            checked[place] = Checked(each.line, None, error.errors, each.unknown)
    if any(each.errors for each in checked):
        _report(checked, event_type, as_json=as_json)
        fail("Nothing was published.")
    run(_publish(bootstrap, records, found.partner, as_json=as_json), bootstrap)


def _target(name: str, topic: str | None, partner: str | None, *, any_topic_of_partners: bool = False) -> Target:
    found = documents.target(name, topic, partner)
    names_partner = any_topic_of_partners or "partner" in found.model.model_fields
    if found.topic.parameter == "partner" and not found.partner and not names_partner:
        raise typer.BadParameter(f"{name} is a partner's: say whose with --partner", param_hint="--partner")
    return found


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): milliseconds since 1970 and 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10))
    value = milliseconds << 80 | 7 << 76 | (random >> 62 & 0xFFF) << 64 | 2 << 62 | random & (1 << 62) - 1
    return UUID(int=value)


def _record(event: Event, found: Target, *, key: str | None, id: str, source: str, correlation: str | None) -> Record:
    """The record, as its readers will take it. Raises DataError."""
    said = getattr(event, "partner", None)
    if found.partner and said and said != found.partner:
        raise DataError(
            FieldError("partner", "mismatch", f"It says {said!r}.", f"Send {found.partner!r}, as --partner.")
        )
    if key and str(getattr(event, found.topic.key)) != key:
        raise DataError(FieldError(found.topic.key, "key_mismatch", f"It is not {key!r}.", "Send it as --key says."))
    record = encode(
        event, id=id, source=source, time=datetime.now(UTC), correlation_id=correlation, partner=found.partner
    )
    size = len(record.value or b"")
    if size > found.topic.max_message_bytes - 4096:
        raise DataError(FieldError("", "too_large", f"It has {size} bytes.", "Shorten it: the topic takes 1 MB."))
    decode(record)
    return record


async def _publish(bootstrap: str, records: Sequence[Record], partner: str | None, *, as_json: bool) -> None:
    async with admin.connected(bootstrap) as client:
        missing = {record.topic for record in records} - set(await client.list_topics())
    if missing:
        of_partner = f" --partner {partner}" if partner else ""
        fail(f"The broker has no topic {', '.join(missing)}; create it with `lendstream topics apply{of_partner}`.")
    out, sent = console(), []
    async with broker.producer(bootstrap) as producer:
        confirmations = [await broker.begin(producer, record) for record in records]
        for record, confirmation in zip(records, confirmations, strict=True):
            place = await confirmation
            event_id = record.header("ce_id")
            sent.append({"topic": record.topic, "partition": place.partition, "offset": place.offset, "id": event_id})
            if not as_json:
                where = f"{record.topic}/{place.partition}/{place.offset}"
                out.print(Text(f"published {record.header('ce_type')} {event_id} at {where}"))
    if as_json:
        print_json(sent)


def _report(checked: Sequence[Checked], name: str, *, as_json: bool) -> None:
    if as_json:
        print_json(
            [
                {
                    "document": each.line,
                    "ok": not each.errors,
                    "errors": [error.as_dict() for error in each.errors],
                    "unknown_fields": list(each.unknown),
                }
                for each in checked
            ]
        )
        return
    out = console()
    for each in checked:
        where = f"document {each.line}: " if len(checked) > 1 else ""
        if each.errors:
            count = f"{len(each.errors)} reason" + ("s" if len(each.errors) > 1 else "")
            out.print(Text(f"{where}not a valid {name}, {count}:", "red"))
        else:
            out.print(Text(f"{where}OK, a valid {name}", "green"))
        for error in each.errors:
            out.print(
                Text.assemble(
                    "  ",
                    (error.field or "(the whole document)", "bold"),
                    f": {error.message}",
                    (f" [{error.code}]", "dim"),
                )
            )
            if error.fix:
                out.print(Text(f"      {error.fix}", "cyan"))
        for field in each.unknown:
            out.print(Text(f"  {field}: unknown field, readers ignore it", "yellow"))
