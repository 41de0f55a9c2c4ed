"""`lendstream topics`: the registry, and the broker brought in line with it."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from lendstream import admin
from lendstream.admin import Action, Change
from lendstream.cli.common import DEFAULT_BOOTSTRAP, AsJson, Bootstrap, Yes, console, print_json, run
from lendstream.docs.overview import kept
from lendstream.topics import INTAKE, TOPICS, Topic

app = typer.Typer(help="Show the registry's topics, and bring the broker in line with it.", no_args_is_help=True)


@app.command("list")
def list_topics(as_json: AsJson = False) -> None:
    """Show every topic of the registry: its key, who writes and reads it, its partitions, how long it is kept."""
    if as_json:
        print_json([_as_dict(topic) for topic in TOPICS])
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("topic", "key", "written by", "read by", "parts", "kept", "personal data"):
        table.add_column(title, justify="right" if title == "parts" else "left")
    for topic in TOPICS:
        row = (topic.name, topic.key, topic.owner, ", ".join(topic.readers), str(topic.partitions), kept(topic))
        table.add_row(*row, topic.personal_data)
    console().print(table)


def _as_dict(topic: Topic) -> dict[str, object]:
    return {
        "name": topic.name,
        "purpose": topic.purpose,
        "key": topic.key,
        "events": [event.__name__ for event in topic.events],
        "owner": topic.owner,
        "readers": list(topic.readers),
        "partitions": topic.partitions,
        "retention_seconds": None if topic.retention is None else int(topic.retention.total_seconds()),
        "compacted": topic.compacted,
        "personal_data": topic.personal_data,
        "config": topic.config,
    }


@app.command("apply")
def apply_topics(
    partner: Annotated[
        list[str] | None,
        typer.Option(help="A partner to have topics; may be repeated. Those on the broker are always included."),
    ] = None,
    replication: Annotated[int, typer.Option(min=1, help="Copies of each record of new topics.")] = 1,
    bootstrap: Bootstrap = DEFAULT_BOOTSTRAP,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Create missing topics, add missing partitions, correct settings. Nothing is ever shrunk or deleted.

    Shows the plan first. With --json it is printed and done only if --yes is given too.
    """
    partners = partner or []
    for name in partners:
        if not re.match(INTAKE.pattern, INTAKE.named(name)) or len(name) > 40:
            raise typer.BadParameter(
                f"{name!r}: small letters, digits and hyphens, as phone-shop", param_hint="--partner"
            )
    run(_apply(bootstrap, partners, replication=replication, yes=yes, as_json=as_json), bootstrap)


async def _apply(bootstrap: str, partners: Sequence[str], *, replication: int, yes: bool, as_json: bool) -> None:
    async with admin.connected(bootstrap) as client:
        changes = await admin.plan(client, partners, replication=replication)
        steps = [change for change in changes if change.action is not Action.LEAVE]
        if as_json:
            if yes:
                await admin.apply(client, steps, replication=replication)
            print_json({"applied": yes and bool(steps), "changes": [asdict(change) for change in changes]})
            return
        if changes:
            console().print(_plan_table(changes))
        if not steps:
            console().print(
                "Nothing to do: the broker has every topic as the registry says." if not changes else "Nothing to do."
            )
            return
        if not yes:
            typer.confirm(f"Do these {len(steps)} steps?" if len(steps) > 1 else "Do this?", abort=True)
        await admin.apply(client, steps, replication=replication)
        console().print(f"Done: {_counted(steps)}.")


def _plan_table(changes: Sequence[Change]) -> Table:
    colours = {Action.CREATE: "green", Action.WIDEN: "yellow", Action.CONFIGURE: "cyan", Action.LEAVE: "red"}
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("", "topic", "what"):
        table.add_column(title)
    for change in changes:
        detail = change.detail + (f"\n[yellow]mind: {change.warning}[/]" if change.warning else "")
        table.add_row(f"[{colours[change.action]}]{change.action}[/]", change.topic, detail)
    return table


def _counted(steps: Sequence[Change]) -> str:
    words = {Action.CREATE: "created", Action.WIDEN: "widened", Action.CONFIGURE: "configured"}
    counts = {word: sum(step.action is action for step in steps) for action, word in words.items()}
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count)
