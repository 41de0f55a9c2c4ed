"""`lendstream-local`: start, see and end the stack of a folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from lendstream_local.errors import StackError
from lendstream_local.follow import follow
from lendstream_local.stack import Stack, default_home

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
errors = Console(stderr=True)

HomeOption = Annotated[
    Path, typer.Option("--home", envvar="LENDSTREAM_HOME", help="The stack's folder.", default_factory=default_home)
]


class Which(StrEnum):
    kafka = "kafka"
    postgres = "postgres"
    all = "all"


@contextmanager
def _told_in_a_sentence() -> Iterator[None]:
    try:
        yield
    except StackError as error:
        errors.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None


@app.command()
def up(home: HomeOption) -> None:
    """Start the stack, or what is missing of it, and print its addresses."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with _told_in_a_sentence():
        with Progress(*columns, console=errors, transient=True) as progress:
            stack = Stack.start(home, progress=progress)
        _show(stack)


@app.command()
def down(
    home: HomeOption,
    remove: Annotated[bool, typer.Option("--remove", help="Delete the data and the folder too.")] = False,
) -> None:
    """End the stack; its data and its ports are kept for the next start."""
    with _told_in_a_sentence():
        Stack(home).stop(remove=remove)


@app.command()
def status(home: HomeOption, as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False) -> None:
    """Say what runs where. Exit code 0 if both servers run, 1 if not."""
    stack = Stack(home)
    with _told_in_a_sentence():
        report = _report(stack)
        if as_json:
            typer.echo(json.dumps(report, indent=2))
        else:
            _show(stack)
    if not all(report[server.name]["running"] for server in (stack.kafka, stack.postgres)):
        raise typer.Exit(1)


@app.command()
def logs(
    home: HomeOption,
    which: Annotated[Which, typer.Argument(help="Whose log.")] = Which.all,
    follow_it: Annotated[bool, typer.Option("--follow", "-f", help="Go on as the log grows.")] = False,
) -> None:
    """Print the servers' logs."""
    stack = Stack(home)
    servers = [server for server in (stack.kafka, stack.postgres) if which in (Which.all, server.name)]
    for server, line in follow([(server.name, server.log_path) for server in servers], forever=follow_it):
        typer.echo(f"{server:9}{line}" if which is Which.all else line)


def _report(stack: Stack) -> dict[str, dict[str, object]]:
    addresses = {"kafka": stack.kafka_bootstrap, "postgres": stack.postgres_dsn("postgres")}
    return {
        server.name: {
            "running": server.running(),
            "address": addresses[server.name],
            "pid": server.pid if server.running() else None,
            "log": str(server.log_path),
        }
        for server in (stack.kafka, stack.postgres)
    }


def _show(stack: Stack) -> None:
    for name, facts in _report(stack).items():
        state = f"running, pid {facts['pid']}" if facts["running"] else "not running"
        typer.echo(f"{name:10}{facts['address']}  ({state})")
    typer.echo(f"{'home':10}{stack.home.path}")


if __name__ == "__main__":
    app()
