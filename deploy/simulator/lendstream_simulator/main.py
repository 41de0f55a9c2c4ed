"""`lendstream-simulator`: the outside world from the command line."""

import asyncio
import json
import signal
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from lendstream_simulator.audit import Audit, audit
from lendstream_simulator.desk import Desk
from lendstream_simulator.facts import Facts
from lendstream_simulator.follower import read_topics
from lendstream_simulator.gateways import Gateways
from lendstream_simulator.journal import deliveries
from lendstream_simulator.pace import Pace
from lendstream_simulator.report import print_audit, print_desk, print_report
from lendstream_simulator.sms import TOKEN
from lendstream_simulator.statistics import Statistics
from lendstream_simulator.submissions import DEFAULT_PARTNERS
from lendstream_simulator.world import LIMIT, DayDone, UnsettledError, World

app = typer.Typer(
    help="Partners, customers, bank, borrowers, mail server and SMS gateway for demos and tests.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
Bootstrap = Annotated[str, typer.Option(envvar="LENDSTREAM_KAFKA_BOOTSTRAP", help="The broker, host:port.")]
Directory = Annotated[Path, typer.Option(help="The folder of the journals of mails and texts.")]
SmtpPort = Annotated[int, typer.Option(help="The mail server's port on 127.0.0.1; 0 takes a free one.")]
SmsPort = Annotated[int, typer.Option(help="The SMS gateway's port on 127.0.0.1; 0 takes a free one.")]
SmsToken = Annotated[str, typer.Option(help="What callers of the SMS gateway send as their bearer token.")]
Seed = Annotated[int, typer.Option(help="The same seed tells the same story.")]
Partners = Annotated[list[str], typer.Option("--partner", help="A partner; repeat it for more.")]
PARTNERS = list(DEFAULT_PARTNERS)
START = datetime(2026, 3, 2, tzinfo=UTC)
_PATIENCE = 30.0
"""Seconds that the last messages may take to be recorded before the audit counts."""
JOURNALS = Path(".lendstream/outside")


@app.command()
def run(
    bootstrap: Bootstrap = "127.0.0.1:9092",
    seed: Seed = 7,
    applications: Annotated[int, typer.Option(min=0, help="How many applications come in.")] = 300,
    days: Annotated[int, typer.Option(min=1, help="How many business days pass.")] = 60,
    partner: Partners = PARTNERS,
    start: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The first business day.")] = START,
    directory: Directory = JOURNALS,
    gateways: Annotated[
        bool, typer.Option(help="Run the mail server and the SMS gateway, unless `serve` runs them on the same folder.")
    ] = True,
    smtp_port: SmtpPort = 0,
    sms_port: SmsPort = 0,
    sms_token: SmsToken = TOKEN,
    wait_for: Annotated[
        list[str] | None,
        typer.Option(help="A service's HTTP address: its /metrics must show a day closed before the next; repeat."),
    ] = None,
    limit: Annotated[float, typer.Option(help="Seconds that a day may take before the run is given up.")] = LIMIT,
    servicing_url: Annotated[
        str,
        typer.Option(help="Servicing's HTTP, for pay-off amounts and relief; without it nobody asks."),
    ] = "",
    operator_token: Annotated[
        str, typer.Option(envvar="LENDSTREAM_OPERATOR_TOKEN", help="What servicing wants as a bearer token.")
    ] = "",
) -> None:
    """Let applications and business days pass, and print what came of them. Exit code 0 only if the books balance."""
    providers = Gateways(
        directory, seed=seed, smtp_port=smtp_port, sms_port=sms_port, sms_token=sms_token, elsewhere=not gateways
    )
    desk = Desk(servicing_url, operator_token) if servicing_url else None
    world = World(
        bootstrap,
        seed=seed,
        start=start.date(),
        directory=directory,
        partners=partner,
        gateways=providers,
        desk=desk,
    )
    console = Console()
    facts, found = _asked(console, _run(console, world, applications, days, Pace(wait_for or ()), limit))
    print_desk(console, desk.answers if desk else {})
    print_report(console, facts, found)
    raise typer.Exit(0 if found.ok else 1)


@app.command()
def serve(
    smtp_port: SmtpPort = 1025,
    sms_port: SmsPort = 8085,
    sms_token: SmsToken = TOKEN,
    directory: Directory = JOURNALS,
    seed: Seed = 7,
) -> None:
    """Run the mail server and the SMS gateway alone, until stopped."""
    providers = Gateways(directory, seed=seed, smtp_port=smtp_port, sms_port=sms_port, sms_token=sms_token)
    asyncio.run(_serve(Console(), providers))


@app.command()
def report(bootstrap: Bootstrap = "127.0.0.1:9092", directory: Directory = JOURNALS) -> None:
    """Print the summary of all that is on the topics."""
    console = Console()
    records = _asked(console, read_topics(bootstrap))
    print_report(console, Facts.of(records), audit(records, deliveries(directory)))


@app.command(name="audit")
def audit_(
    bootstrap: Bootstrap = "127.0.0.1:9092",
    directory: Directory = JOURNALS,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Check that nothing was lost or doubled. Exit code 0 only if so; run it when nothing is under way."""
    console = Console()
    found = audit(_asked(console, read_topics(bootstrap)), deliveries(directory))
    if as_json:
        typer.echo(json.dumps(_as_data(found), ensure_ascii=False, indent=2))
    else:
        print_audit(console, found)
    raise typer.Exit(0 if found.ok else 1)


async def _run(
    console: Console, world: World, applications: int, days: int, pace: Pace, limit: float
) -> tuple[Facts, Audit]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[figures]}"), console=console) as display:
        async with world:
            task = display.add_task("business days", total=days, figures="")

            def show(done: DayDone) -> None:
                display.update(
                    task, completed=done.number, description=str(done.day), figures=_figures(done.statistics)
                )

            await world.run_days(days, show, applications=applications, limit=limit, digested=pace)
            display.update(task, description="auditing")
            return await world.audit(_PATIENCE)


def _figures(now: Statistics) -> str:
    return (
        f"{now.submitted} submitted, {now.approved + now.declined} decided, {now.loans} loans, "
        f"{now.applied} payments, {now.mails + now.texts} messages"
    )


async def _serve(console: Console, providers: Gateways) -> None:
    stop = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    async with providers:
        console.print(f"mail server on 127.0.0.1:{providers.mail.port}, SMS gateway on {providers.sms.url}")
        await stop.wait()


def _asked(console: Console, work: Any) -> Any:
    """Run it, and turn the failures that a person can mend into a sentence and exit code 2."""
    try:
        return asyncio.run(work)
    except UnsettledError as error:
        console.print(f"[red]Gave up: {error}.[/] Is every service up, and do the topics of every partner exist?")
    except (KafkaError, TimeoutError) as error:
        console.print(f"[red]The broker does not answer:[/] {error}")
    raise typer.Exit(2)


def _as_data(found: Audit) -> dict[str, Any]:
    return {
        "ok": found.ok,
        "findings": [asdict(each) for each in found.findings],
        "balances": [asdict(each) | {"even": each.even} for each in found.balances],
        "unchecked": list(found.unchecked),
        "counts": dict(found.counts),
    }


if __name__ == "__main__":
    app()
