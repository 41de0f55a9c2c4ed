"""`lendstream dlq`: what the services could not handle; see it, have it tried again, or give it up."""

import getpass
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.text import Text

from lendstream import admin, dead_letter
from lendstream.cli import broker, letter_view, letters, show
from lendstream.cli.common import DEFAULT_BOOTSTRAP, AsJson, Bootstrap, Yes, complain, console, fail, print_json, run
from lendstream.cli.letters import Letter, NotFound
from lendstream.dead_letter import Action

app = typer.Typer(help="See dead letters, have them tried again, or give them up.", no_args_is_help=True)

Ids = Annotated[list[str] | None, typer.Argument(help="Ids, or their first characters, as `list` shows them.")]
Service = Annotated[str | None, typer.Option(help="Only this service's.")]
Type = Annotated[str | None, typer.Option(help="Only events of this type.")]
By = Annotated[
    str,
    typer.Option(default_factory=getpass.getuser, help="Who decides; it is kept. Default: you.", show_default=False),
]


@app.command("list")
def list_letters(
    service: Service = None,
    type: Type = None,
    all: Annotated[bool, typer.Option("--all", help="Those already retried or dropped too.")] = False,
    bootstrap: Bootstrap = DEFAULT_BOOTSTRAP,
    as_json: AsJson = False,
) -> None:
    """Show the dead letters that nobody has dealt with yet."""
    found, strange = run(letters.load(bootstrap, service), bootstrap)
    chosen = [each for each in found if _of_type(each, type) and (all or each.state == "open")]
    if as_json:
        print_json([letter_view.as_dict(each) for each in chosen])
        return
    if chosen:
        letter_view.print_list(console(), chosen)
    else:
        console().print("No dead letters." if all or not found else "No open dead letters; --all shows the others.")
    if strange:
        places = ", ".join(record.place for record in strange[:3])
        complain(f"On the dead-letter topics, but no dead letter: {places}{' ...' if len(strange) > 3 else ''}")


@app.command("show")
def show_letter(
    id: Annotated[str, typer.Argument(help="The id, or its first characters.")],
    bootstrap: Bootstrap = DEFAULT_BOOTSTRAP,
    as_json: AsJson = False,
) -> None:
    """Show one dead letter whole: every reason, all headers, the value. It may hold personal data."""
    found, _ = run(letters.load(bootstrap, None), bootstrap)
    chosen = _chosen(found, [id])[0]
    if as_json:
        print_json({**letter_view.as_dict(chosen), "value": show.value_of(chosen.letter.record)})
        return
    letter_view.print_whole(console(), chosen)


@app.command("retry")
def retry(
    ids: Ids = None,
    *,
    all: Annotated[bool, typer.Option("--all", help="All open ones, of the service and type given.")] = False,
    service: Service = None,
    type: Type = None,
    by: By,
    yes: Yes = False,
    bootstrap: Bootstrap = DEFAULT_BOOTSTRAP,
    as_json: AsJson = False,
) -> None:
    """Publish the original records again, on their own topics, and note it.

    A reader that has handled the event after all drops it as seen.
    """
    _resolve(bootstrap, _Selection(ids, service, type, all=all), Action.RETRIED, by, "", yes=yes, as_json=as_json)


@app.command("drop")
def drop(
    ids: Ids = None,
    *,
    reason: Annotated[str, typer.Option(help="Why it is given up; it is kept.")],
    all: Annotated[bool, typer.Option("--all", help="All open ones, of the service and type given.")] = False,
    service: Service = None,
    type: Type = None,
    by: By,
    yes: Yes = False,
    bootstrap: Bootstrap = DEFAULT_BOOTSTRAP,
    as_json: AsJson = False,
) -> None:
    """Give dead letters up, with a reason. The records stay on the dead-letter topic as long as it keeps them."""
    if not reason.strip():
        raise typer.BadParameter("say why", param_hint="--reason")
    _resolve(bootstrap, _Selection(ids, service, type, all=all), Action.DROPPED, by, reason, yes=yes, as_json=as_json)


class _Selection:
    """Which dead letters an operator means."""

    def __init__(self, ids: Sequence[str] | None, service: str | None, type: str | None, *, all: bool) -> None:
        if bool(ids) == all:
            raise typer.BadParameter("name ids, or say --all", param_hint="IDS")
        self.ids, self.service, self.type = ids or (), service, type

    def of(self, found: Sequence[Letter]) -> list[Letter]:
        """Those among the ones found."""
        if self.ids:
            return _chosen(found, self.ids)
        return [each for each in found if each.state == "open" and _of_type(each, self.type)]


def _resolve(
    bootstrap: str, selection: _Selection, action: Action, by: str, reason: str, *, yes: bool, as_json: bool
) -> None:
    found, _ = run(letters.load(bootstrap, selection.service), bootstrap)
    chosen = selection.of(found)
    if closed := [each for each in chosen if each.state != "open"]:
        fail(f"{str(closed[0].letter.id)[:8]} was {closed[0].state} already.")
    if chosen and not selection.ids and not yes:
        letter_view.print_list(console(), chosen)
        typer.confirm(f"{'Retry' if action is Action.RETRIED else 'Drop'} these {len(chosen)}?", abort=True)
    run(_write(bootstrap, chosen, action, by, reason), bootstrap)
    if as_json:
        print_json([{"id": str(each.letter.id), "action": action.value} for each in chosen])
    elif not chosen:
        console().print("No open dead letters.")
    for each in chosen if not as_json else ():
        what = f"to {each.letter.record.topic}, attempt {each.letter.attempt + 1}" if action is Action.RETRIED else ""
        console().print(Text(f"{action.value} {str(each.letter.id)[:8]} {what}".rstrip()))


async def _write(bootstrap: str, chosen: Sequence[Letter], action: Action, by: str, reason: str) -> None:
    """The record first and the note second: after a crash between them the letter is still open, never lost."""
    async with admin.connected(bootstrap) as client:
        names = set(await client.list_topics())
    if gone := {each.letter.record.topic for each in chosen} - names if action is Action.RETRIED else set():
        fail(f"The broker has no topic {', '.join(sorted(gone))} any more: nothing was published.")
    async with broker.producer(bootstrap) as producer:
        for each in chosen:
            if action is Action.RETRIED:
                await broker.send(producer, dead_letter.retry(each.letter))
            note = dead_letter.resolution(each.letter, action=action, at=datetime.now(UTC), by=by, reason=reason)
            await broker.send(producer, note)


def _chosen(found: Sequence[Letter], ids: Sequence[str]) -> list[Letter]:
    try:
        return list({each.letter.id: each for each in (letters.by_id(found, start) for start in ids)}.values())
    except NotFound as error:
        fail(f"{str(error)[0].upper()}{str(error)[1:]}.")


def _of_type(each: Letter, type: str | None) -> bool:
    return type is None or each.letter.record.header("ce_type") == type
