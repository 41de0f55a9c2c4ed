"""`make chaos ROUNDS=n SEED=s`: rounds of chaos, with a table of what was killed when and what was found."""

import asyncio
import logging
import tempfile
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from chaos.rounds import IMPATIENT, Outcome, run
from lendstream_local.platform import Platform

console = Console()
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it would tell of every broken connection


def main(
    rounds: Annotated[int, typer.Option(min=1, help="How many rounds.")] = 10,
    seed: Annotated[int, typer.Option(help="Whom and when to kill; the same seed, the same choices.")] = 1,
    applications: Annotated[int, typer.Option(help="Applications in all.")] = 1000,
    days: Annotated[int, typer.Option(help="Business days a round.")] = 12,
) -> None:
    """Run, print, and exit with 1 if anything was lost or doubled."""
    home = Path(tempfile.mkdtemp(prefix="lendstream-chaos-"))
    platform = Platform.start(home, temporary=True, durable=False, extra=IMPATIENT)
    try:
        outcome = asyncio.run(
            run(platform, rounds=rounds, applications=applications, days=days, seed=seed, tell=console.print)
        )
    finally:
        platform.stop(remove=True)
    show(outcome)
    raise typer.Exit(1 if outcome.findings else 0)


def show(outcome: Outcome) -> None:
    """Print the tables."""
    kills = Table("second", "round", "killed", "away", title="What was killed when")
    for strike in outcome.strikes:
        away = f"{strike.away:.1f} s" if strike.away else "until its supervisor saw"
        kills.add_row(f"{strike.second:.0f}", str(strike.round), strike.target, away)
    console.print(kills)
    console.print("kills:", dict(Counter(strike.target for strike in outcome.strikes)))
    found = Table("round", "seconds", "findings", "events", title="What was found")
    for each in outcome.rounds:
        found.add_row(str(each.number), f"{each.seconds:.0f}", str(len(each.findings)), str(sum(each.counts.values())))
    console.print(found)
    for finding in outcome.findings:
        console.print(f"  {finding}")
    for why in outcome.rounds[-1].unchecked if outcome.rounds else ():
        console.print(f"  not checked: {why}")


if __name__ == "__main__":
    typer.run(main)
