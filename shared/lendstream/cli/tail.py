"""`lendstream tail`: decoded events as they come."""

import json
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated

import typer

from lendstream.cli import show
from lendstream.cli.broker import Reader, reader
from lendstream.cli.common import DEFAULT_BOOTSTRAP, AsJson, Bootstrap, complain, console, fail, run
from lendstream.envelope import Record
from lendstream.topics import DEAD_LETTER, UnknownTopic, find


@dataclass(frozen=True)
class Filter:
    """Which records are shown; what is empty does not matter."""

    types: frozenset[str] = frozenset()
    key: str = ""
    correlation: str = ""

    def takes(self, record: Record) -> bool:
        """Whether the record is shown."""
        if self.types and record.header("ce_type") not in self.types:
            return False
        if self.key and self.key not in show.as_text(record.key or b""):
            return False
        return not self.correlation or self.correlation in (record.header("ce_correlationid"), record.header("ce_id"))


def tail(
    topic: Annotated[
        list[str] | None,
        typer.Argument(
            help="Topics or patterns, as 'lending.intake.*'. Default: all of the registry but dead letters."
        ),
    ] = None,
    type: Annotated[list[str] | None, typer.Option(help="Only events of this type; may be repeated.")] = None,
    key: Annotated[str, typer.Option(help="Only records whose key contains this.")] = "",
    correlation: Annotated[str, typer.Option(help="Only the story that began with the event of this id.")] = "",
    partner: Annotated[str, typer.Option(help="Only this partner's topics.")] = "",
    from_beginning: Annotated[bool, typer.Option("--from-beginning", help="Begin with what is there.")] = False,
    follow: Annotated[
        bool, typer.Option(help="Wait for more; --no-follow shows what is there, oldest first, and ends.")
    ] = True,
    limit: Annotated[int, typer.Option(min=0, help="End after so many records; 0: no limit.")] = 0,
    bootstrap: Bootstrap = DEFAULT_BOOTSTRAP,
    as_json: AsJson = False,
) -> None:
    """Show events as they come: decoded, one a line. --json prints one JSON object a line, with all headers.

    A record that does not decode is shown as such. Lines leave direct identifiers out; --json does not.
    """
    chosen = Filter(frozenset(type or ()), key, correlation)
    wanted = _topics(topic or [], partner)
    whole = from_beginning or not follow
    run(_tail(bootstrap, wanted, chosen, whole=whole, follow=follow, limit=limit, as_json=as_json), bootstrap)


def _topics(patterns: list[str], partner: str) -> Callable[[str], bool]:
    def wanted(name: str) -> bool:
        if patterns and not any(fnmatchcase(name, pattern) for pattern in patterns):
            return False
        try:
            topic, parameter = find(name)
        except UnknownTopic:
            return bool(patterns) and not partner
        if partner and (topic.parameter, parameter) != ("partner", partner):
            return False
        return bool(patterns) or topic is not DEAD_LETTER

    return wanted


async def _tail(
    bootstrap: str,
    wanted: Callable[[str], bool],
    chosen: Filter,
    *,
    whole: bool,
    follow: bool,
    limit: int,
    as_json: bool,
) -> None:
    async with reader(bootstrap, wanted) as source:
        await source.start(at_end=not whole)
        if not source.partitions:
            if not follow:
                fail("The broker has no such topic; `lendstream topics list` shows the registry's.")
            complain("The broker has no such topic yet; waiting for one.")
        shown = 0
        out = console()
        async for record in _records(source, whole=whole, follow=follow):
            if not chosen.takes(record):
                continue
            if as_json:
                sys.stdout.write(json.dumps(show.as_dict(record), ensure_ascii=False) + "\n")
                sys.stdout.flush()
            else:
                whole_lines = not sys.stdout.isatty()
                out.print(show.line(record), no_wrap=True, overflow="ellipsis", soft_wrap=whole_lines)
            shown += 1
            if shown == limit:
                return


async def _records(source: Reader, *, whole: bool, follow: bool) -> AsyncIterator[Record]:
    if whole:
        async for record in source.history():
            yield record
    if follow:
        async for record in source.follow():
            yield record
