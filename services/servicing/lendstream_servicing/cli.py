"""`lendstream-servicing`: runs the service; its sub-commands look into its database.

Exit codes: 0 done, 1 the books are at fault, 2 wrong usage, 3 the database is away or refuses.
"""

import typer

from lendstream_servicing import books_cli
from lendstream_servicing.main import main

app = typer.Typer(help="The servicing of loans.", pretty_exceptions_enable=False)
app.add_typer(books_cli.app, name="ledger")


@app.callback(invoke_without_command=True)
def run(context: typer.Context) -> None:
    """Without a command: run the service until SIGTERM."""
    if context.invoked_subcommand is None:
        main()
