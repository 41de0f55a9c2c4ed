"""Where a payment goes: the oldest instalment first, and within it the parts in the product's order."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from lendstream.catalogue import Due
from lendstream.events.loan import Allocation

from .loan import Instalment


def allocate(
    instalments: Sequence[Instalment], amount: int, order: Sequence[Due], value_date: date
) -> tuple[tuple[Instalment, ...], tuple[Allocation, ...], int]:
    """The instalments after a payment, the parts it was split into, and what was left over.

    The parts and the rest sum to the amount; an instalment that nothing was paid on stays the same object.
    """
    left = amount
    after: list[Instalment] = []
    parts: list[Allocation] = []
    for instalment in instalments:
        if left and instalment.outstanding:
            instalment, part, left = _pay(instalment, left, order, value_date)
            parts.append(part)
        after.append(instalment)
    return tuple(after), tuple(parts), left


def _pay(
    instalment: Instalment, left: int, order: Sequence[Due], value_date: date
) -> tuple[Instalment, Allocation, int]:
    split: dict[str, int] = {}
    paid: dict[str, Any] = {}
    for due in order:
        before: int = getattr(instalment, f"{due.value}_paid")
        part = min(left, getattr(instalment, due.value) - before)
        split[due.value] = part
        paid[f"{due.value}_paid"] = before + part
        left -= part
    settled = sum(split.values()) == instalment.outstanding
    if settled:
        paid["settled_on"] = value_date
    return instalment._replace(**paid), Allocation(instalment=instalment.number, settled=settled, **split), left
