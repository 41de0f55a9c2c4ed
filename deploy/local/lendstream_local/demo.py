"""`make demo`: the whole platform from nothing, real applications from partner to paid instalment, then the books.

Everything runs in a folder of its own and ends with the demo. Exit code 0 only if the books reconcile.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from lendstream_local.errors import StackError
from lendstream_local.home import remove_folder
from lendstream_local.jars import kafka_classpath
from lendstream_local.platform import Platform

console = Console()


def main(
    applications: Annotated[int, typer.Option(help="How many applications come in.")] = 300,
    days: Annotated[int, typer.Option(help="How many business days pass.")] = 60,
    seed: Annotated[int, typer.Option(help="The same seed tells the same story.")] = 7,
    home: Annotated[Path, typer.Option(help="The demo's own folder; emptied first.")] = Path(".lendstream/demo"),
) -> None:
    """Run the demo."""
    try:
        code = _demo(home.absolute(), applications, days, seed)
    except StackError as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        code = 1
    if code:
        console.print(f"The services' logs are in {home}/logs.")
    raise typer.Exit(code)


def _demo(home: Path, applications: int, days: int, seed: int) -> int:
    Platform(home).stop()
    if home.exists():
        remove_folder(home)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        kafka_classpath(progress)
    platform = Platform(home)
    try:
        with console.status("starting") as shown:
            Platform.start(home, on_step=lambda step: shown.update(f"starting: {step}"), die_with_parent=True)
        for name, address in platform.addresses().items():
            console.print(f"  {name:14}{address.rpartition('@')[2] if '@' in address else address}", highlight=False)
        return _simulate(platform, applications, days, seed)
    finally:
        with console.status("stopping"):
            platform.stop()


def _simulate(platform: Platform, applications: int, days: int, seed: int) -> int:
    partners = [option for name in platform.partners for option in ("--partner", name)]
    # A day here takes less than a second: the next one waits until these have done what they do on it.
    acting = [platform.programs[name].url for name in ("application", "notifications")]
    paced = [option for url in acting for option in ("--wait-for", url)]
    command = [
        *(sys.executable, "-m", "lendstream_simulator.main", "run"),
        *("--bootstrap", platform.stack.kafka_bootstrap, "--seed", str(seed)),
        *("--applications", str(applications), "--days", str(days)),
        *("--no-gateways", "--directory", str(platform.journals), *partners, *paced),
        *("--servicing-url", platform.programs["servicing"].url),
    ]
    environment = os.environ | {"LENDSTREAM_OPERATOR_TOKEN": platform.secrets.operator_token}
    return subprocess.run(command, env=environment).returncode


if __name__ == "__main__":
    typer.run(main)
