"""`lendstream docs`: the documents generated from the registry and the events."""

from pathlib import Path
from typing import Annotated

import typer

from lendstream.cli.common import complain, console
from lendstream.docs import build

app = typer.Typer(help="Generate the contract's documents.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keeps `build` a command of its own while it is the only one."""


@app.command("build")
def build_documents(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit code 1 if a file differs.")] = False,
    to: Annotated[Path, typer.Option(help="The documents' folder.", file_okay=False)] = Path("docs"),
) -> None:
    """Write the JSON Schema of every event and of product files, the AsyncAPI document and the page of topics."""
    found = build.differences(to) if check else build.write(to)
    for name, what in found.items():
        state = what if check else {"missing": "new", "different": "changed", "left over": "removed"}[what]
        console().print(f"{state:>10}  {to / name}", markup=False)
    if not found:
        console().print(f"The {len(build.documents())} documents in {to}/ are as they should be.", markup=False)
    elif check:
        complain("The documents do not fit the code; run `lendstream docs build` and commit what it writes.")
        raise typer.Exit(1)
