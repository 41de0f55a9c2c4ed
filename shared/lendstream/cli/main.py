"""The command line's entry point: every group of commands is registered here."""

import typer

from lendstream.cli import customer, dlq, docs, ledger, products, publish, tail, topics

app = typer.Typer(
    help="Lendstream's topics, events, dead letters and products.", no_args_is_help=True, pretty_exceptions_enable=False
)
app.add_typer(topics.app, name="topics")
app.add_typer(customer.app, name="customer")
app.add_typer(dlq.app, name="dlq")
app.add_typer(docs.app, name="docs")
app.add_typer(ledger.app, name="ledger")
app.add_typer(products.app, name="products")
app.command("publish")(publish.publish)
app.command("validate")(publish.validate)
app.command("tail")(tail.tail)
