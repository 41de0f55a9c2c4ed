"""`lendstream ledger`: the books as finance sees them, from the topic alone."""

import json
from collections.abc import Iterator
from typing import Any

import typer
from pydantic import ValidationError

from lendstream.cli.broker import reader
from lendstream.cli.common import (
    DATA_AT_FAULT,
    DEFAULT_BOOTSTRAP,
    AsJson,
    Bootstrap,
    complain,
    console,
    fail,
    print_json,
    run,
)
from lendstream.envelope import Record
from lendstream.events.ledger import JournalPosted
from lendstream.journal_chain import Verifier
from lendstream.topics import LEDGER

app = typer.Typer(help="Verify the books from their topic.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Verify the books from their topic."""


@app.command("verify")
def verify(bootstrap: Bootstrap = DEFAULT_BOOTSTRAP, as_json: AsJson = False) -> None:
    """Compute every journal's hash anew, from the records alone; exit code 1 if one fails.

    Tells the first break of each book. Holds about 300 bytes for each book in memory.
    """
    verifier = run(_verified(bootstrap), bootstrap)
    breaks = list(verifier.breaks.values())
    if as_json:
        print_json(
            {
                "sound": not breaks,
                "books": verifier.books,
                "journals": verifier.journals,
                "breaks": [each._asdict() for each in breaks],
            }
        )
    else:
        for each in breaks:
            complain(f"{each.book}, journal {each.number}: {each.reason}: {each.detail}")
        verdict = "NOT sound" if breaks else "sound"
        console().print(f"{verifier.books} books, {verifier.journals} journals: {verdict}.")
    if breaks:
        raise typer.Exit(DATA_AT_FAULT)


async def _verified(bootstrap: str) -> Verifier:
    verifier = Verifier()
    async with reader(bootstrap, lambda name: name == LEDGER.name) as source:
        await source.start()
        if not source.partitions:
            fail(f"The broker has no topic {LEDGER.name}; `lendstream topics apply` makes it.")
        async for record in source.history():
            for value in _journal(record, verifier):
                verifier.take(value)
    return verifier


def _journal(record: Record, verifier: Verifier) -> Iterator[dict[str, Any]]:
    """The record's value as it stands, once it has been found to be a journal.

    Everything that is in it is hashed, fields of a newer writer too; so it is not read through the model.
    """
    if record.header("ce_type") not in (None, JournalPosted.__name__):
        return  # a newer writer's event
    try:
        text = record.value or b""
        journal = JournalPosted.model_validate_json(text)
        key = (record.key or b"").decode("utf-8", "replace")
        if key != journal.book:
            verifier.fail(journal.book, journal.number, "malformed", f"{record.place} has the key {key!r}")
            return
        yield json.loads(text)
    except ValidationError as error:
        book = (record.key or b"").decode("utf-8", "replace")
        verifier.fail(book, 0, "malformed", f"{record.place} is no journal: {error.error_count()} faults")
