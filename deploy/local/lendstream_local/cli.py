"""`lendstream-local`: start, see and end the stack of a folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from lendstream_local.errors import StackError
from lendstream_local.follow import follow
from lendstream_local.platform import Platform
from lendstream_local.server import Server
from lendstream_local.stack import Stack, default_home

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
errors = Console(stderr=True)

HomeOption = Annotated[
    Path, typer.Option("--home", envvar="LENDSTREAM_HOME", help="The stack's folder.", default_factory=default_home)
]


@contextmanager
def _told_in_a_sentence() -> Iterator[None]:
    try:
        yield
    except StackError as error:
        errors.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None


@app.command()
def up(
    home: HomeOption,
    services: Annotated[bool, typer.Option("--services", help="The whole platform, not just its two servers.")] = False,
) -> None:
    """Start the stack, or what is missing of it, and print its addresses."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with _told_in_a_sentence():
        with Progress(*columns, console=errors, transient=True) as progress:
            Stack.start(home, progress=progress)
        if services:
            with errors.status("starting the platform") as shown:
                Platform.start(home, on_step=lambda step: shown.update(f"starting the platform: {step}"))
        _show(home)


@app.command()
def down(
    home: HomeOption,
    remove: Annotated[bool, typer.Option("--remove", help="Delete the data and the folder too.")] = False,
) -> None:
    """End everything; data and ports are kept for the next start."""
    with _told_in_a_sentence():
        Platform(home).stop(remove=remove)


@app.command()
def status(home: HomeOption, as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False) -> None:
    """Say what runs where. Exit code 0 if everything that was started runs, 1 if not."""
    with _told_in_a_sentence():
        report = _report(home)
        if as_json:
            typer.echo(json.dumps(report, indent=2))
        else:
            _show(home)
    if not all(facts["running"] for facts in report.values()):
        raise typer.Exit(1)


@app.command()
def logs(
    home: HomeOption,
    which: Annotated[str, typer.Argument(help="Whose log: kafka, postgres, a service, outside, or all.")] = "all",
    follow_it: Annotated[bool, typer.Option("--follow", "-f", help="Go on as the log grows.")] = False,
) -> None:
    """Print the logs."""
    with _told_in_a_sentence():
        servers = _servers(home)
        if which != "all" and which not in servers:
            raise StackError(f"There is no log of {which!r}; choose one of: all, {', '.join(servers)}.")
    chosen = [(name, server.log_path) for name, server in servers.items() if which in ("all", name)]
    for name, line in follow(chosen, forever=follow_it):
        typer.echo(f"{name:14}{line}" if which == "all" else line)


def _servers(home: Path) -> dict[str, Server]:
    """The two servers, and the platform's programs where it was started."""
    platform = Platform(home)
    servers: list[Server] = [platform.stack.kafka, platform.stack.postgres]
    return {server.name: server for server in servers} | (platform.programs if platform.started else {})


def _report(home: Path) -> dict[str, dict[str, object]]:
    platform = Platform(home)
    addresses = platform.addresses()
    return {
        name: {
            "running": server.running(),
            "address": addresses[name],
            "pid": server.pid if server.running() else None,
            "log": str(server.log_path),
        }
        for name, server in _servers(home).items()
    }


def _show(home: Path) -> None:
    for name, facts in _report(home).items():
        state = f"running, pid {facts['pid']}" if facts["running"] else "not running"
        typer.echo(f"{name:14}{facts['address']}  ({state})")
    typer.echo(f"{'home':14}{home.absolute()}")
    if (platform := Platform(home)).started:
        kept = platform.secrets
        typer.echo(f"{'reader':14}{kept.reader_token}  (bearer token of the APIs, to look)")
        typer.echo(f"{'operator':14}{kept.operator_token}  (the same, all scopes)")


if __name__ == "__main__":
    app()
