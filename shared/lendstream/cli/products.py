"""`lendstream products`: what is on sale, what one product is like, and whether a product file is right."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from lendstream.catalogue import CatalogueError, Product, UnknownProductError, load, read, read_coupon
from lendstream.cli.common import DATA_AT_FAULT, AsJson, console, fail, print_json
from lendstream.cli.product_view import described, examples, money, percent

app = typer.Typer(help="Show the products, and check product files.", no_args_is_help=True)


@app.command("list")
def list_products(
    everything: Annotated[bool, typer.Option("--all", help="Those not on sale too.")] = False, as_json: AsJson = False
) -> None:
    """Show every product: what it is for, how much and how long, how it is repaid and what it costs a year."""
    products = [product for product in load().newest() if everything or product.offered]
    if as_json:
        print_json([_summary(product) for product in products])
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("product", "version", "name", "scenario", "amount", "instalments", "method", "a year", "for"):
        table.add_column(title, justify="right" if title in ("version", "amount") else "left")
    for product in products:
        table.add_row(
            product.code if product.offered else f"{product.code} (not on sale)",
            str(product.version),
            product.name.en,
            product.scenario,
            f"{money(product.amount.min)}-{money(product.amount.max)} {product.currency}",
            ", ".join(map(str, product.tenors)),
            product.method.value,
            f"{percent(product.lowest_rate)}-{percent(product.highest_rate)}",
            ", ".join(product.merchants) or ", ".join(product.customers),
        )
    console().print(table)


def _summary(product: Product) -> dict[str, Any]:
    fields = {"code", "version", "name", "scenario", "currency", "offered", "amount", "tenors", "method", "merchants"}
    return product.model_dump(mode="json", include=fields) | {
        "lowest_rate": str(product.lowest_rate),
        "highest_rate": str(product.highest_rate),
        "customers": [each.value for each in product.customers],
    }


@app.command("show")
def show_product(
    code: Annotated[str, typer.Argument(help="The product's code.")],
    version: Annotated[int | None, typer.Option(min=1, help="An older version.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show every field of a product with its meaning, and what its loans cost."""
    try:
        product = load().product(code, version)
    except UnknownProductError as error:
        fail(f"{error.args[0]}: name one of them, or see `lendstream products list --all`.")
    costs = examples(product)
    if as_json:
        print_json({"product": product.model_dump(mode="json"), "examples": costs})
        return
    fields = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("field", "value", "meaning"):
        fields.add_column(title)
    for name, value, meaning in described(product):
        fields.add_row(name, value, meaning)
    table = Table(box=None, header_style="bold", pad_edge=False, title="the largest loan at the dearest rate")
    for title in ("instalments", "first", "largest", "interest", "fees", "to repay", "APR", "simple"):
        table.add_column(title, justify="right")
    for each in costs:
        amounts = [money(each[name]) for name in ("first", "largest", "interest", "fees", "to_repay")]
        table.add_row(str(each["instalments"]), *amounts, percent(each["apr"]), percent(each["simple_rate"]))
    console().print(fields)
    console().print(table)


@app.command("check")
def check_files(
    files: Annotated[list[Path], typer.Argument(help="Product files (cash-small.v2.yaml), coupons (SPRING-50.yaml).")],
    as_json: AsJson = False,
) -> None:
    """Check files before they are put on sale: every fault with its field and what to do. Exit code 1 if any."""
    found = {str(path): _faults(path) for path in files}
    if as_json:
        print_json([{"file": file, "faults": faults} for file, faults in found.items()])
    else:
        for file, faults in found.items():
            console().print(f"{file}: {'as it should be' if not faults else _counted(len(faults))}", markup=False)
            if faults:
                console().print(_fault_table(faults))
    if any(found.values()):
        raise typer.Exit(DATA_AT_FAULT)


def _faults(path: Path) -> list[dict[str, str]]:
    # Coupons are named by their codes, which are written in capitals.
    reader = read_coupon if path.stem.isupper() else read
    try:
        reader(path)
    except CatalogueError as error:
        return [fault._asdict() for fault in error.faults]
    return []


def _counted(number: int) -> str:
    return "a fault" if number == 1 else f"{number} faults"


def _fault_table(faults: list[dict[str, str]]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("field", "what is wrong", "what to do"):
        table.add_column(title)
    for fault in faults:
        table.add_row(fault["field"] or "file", fault["message"].replace("[", "\\["), fault["remedy"])
    return table
