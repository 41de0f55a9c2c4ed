"""A product in words and figures, for people and scripts."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from lendstream.amortization import disclose, generate
from lendstream.catalogue import Product
from lendstream.catalogue.servicing import ServingRules

_OPENED = date(2026, 1, 15)
"""Any day does: an example, the same whenever it is asked for."""


def money(minor_units: int) -> str:
    """Minor units as people write the amount: 1,280.50."""
    return f"{minor_units / 100:,.2f}".removesuffix(".00")


def percent(rate: Decimal | str) -> str:
    """A rate as a percentage: 18 %."""
    text = f"{Decimal(rate) * 100:.2f}".rstrip("0").rstrip(".")
    return f"{text} %"


def described(product: Product) -> Iterator[tuple[str, str, str]]:
    """Every field of the product: its path, its value, its meaning. What it is comes before how it is served."""
    found = list(_fields(product, ""))
    yield from sorted(found, key=lambda field: field[0] in ServingRules.model_fields)


def _fields(model: BaseModel, path: str) -> Iterator[tuple[str, str, str]]:
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from _fields(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", _plain(value), field.description or ""


def _plain(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_plain, value)) or "-"
    if isinstance(value, BaseModel):
        return " ".join(_plain(each) for _, each in value if each not in (None, ()))
    return "-" if value is None else str(value)


def examples(product: Product) -> list[dict[str, Any]]:
    """What the largest loan costs at the dearest rate, for each tenor; of an income-based one at its smallest payment.

    Amounts in minor units, rates as decimal strings a year.
    """
    income = product.income.floor if product.income else None
    found = []
    for instalments in product.tenors:
        terms = product.terms(product.amount.max, instalments, product.highest_rate, _OPENED, income=income)
        schedule = generate(terms, product.is_working_day)
        cost = disclose(schedule)
        totals = [row.total for row in schedule.instalments]
        found.append(
            {
                "instalments": instalments,
                "principal": product.amount.max,
                "first": totals[0],
                "largest": max(totals),
                "interest": cost.total_interest,
                "fees": cost.total_fees,
                "to_repay": cost.total_to_repay,
                "apr": str(cost.apr),
                "simple_rate": str(cost.simple_rate),
            }
        )
    return found
