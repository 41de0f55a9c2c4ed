"""What is put on top of interest (fees) and taken off it (subsidies)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from .parts import Basis, Fee, Subsidy, When
from .schedule import Instalment
from .terms import Terms

# To read a member from its enum costs more than to compare it.
_OPENING, _INSTALMENT = When.OPENING, When.INSTALMENT
_OF_INSTALMENT, _OF_BALANCE = Basis.INSTALMENT, Basis.BALANCE


def opening_fee(terms: Terms, fee: Fee) -> int:
    """What the fee takes from the payout, minor units."""
    if fee.when is not _OPENING:
        return 0
    return fee.amount + _share(terms, fee, terms.principal)


def instalment_fees(terms: Terms, fee: Fee, rows: Sequence[Instalment], opening_balance: int) -> list[int]:
    """What the fee adds to each instalment, minor units."""
    if fee.when is not _INSTALMENT:
        return [0] * len(rows)
    if fee.basis is _OF_INSTALMENT:
        bases = [row.principal + row.interest for row in rows]
    elif fee.basis is _OF_BALANCE:
        bases = [opening_balance, *(row.balance_after for row in rows[:-1])]
    else:
        bases = [terms.principal] * len(rows)
    return [fee.amount + _share(terms, fee, base) for base in bases]


def with_fees(terms: Terms, rows: list[Instalment], opening_balance: int) -> list[Instalment]:
    """The instalments with all their fees."""
    by_fee = [instalment_fees(terms, fee, rows, opening_balance) for fee in terms.options.fees]
    return [row._replace(fee=sum(amounts)) for row, *amounts in zip(rows, *by_fee, strict=True)]


def with_subsidies(terms: Terms, rows: list[Instalment]) -> tuple[list[Instalment], dict[str, tuple[int, ...]]]:
    """The instalments with the interest left to the customer, and what each payer bears of each."""
    borne: dict[str, tuple[int, ...]] = {}
    for subsidy in terms.options.subsidies:
        parts = _borne(terms, subsidy, rows)
        rows = [
            row._replace(interest=row.interest - part, subsidy=row.subsidy + part)
            for row, part in zip(rows, parts, strict=True)
        ]
        before = borne.get(subsidy.payer, (0,) * len(parts))
        borne[subsidy.payer] = tuple(map(sum, zip(parts, before, strict=True)))
    return rows, borne


def subsidies_left(terms: Terms, charged: Iterable[tuple[int, int, int]]) -> tuple[Subsidy, ...]:
    """The subsidies of the terms without what they bore already, so that none bears more than its cap.

    charged: of every instalment charged so far its number, the customer's interest and the others' interest. Where
    more than one subsidy bears the same instalment, they bore it in their order.
    """
    left = [subsidy.cap for subsidy in terms.options.subsidies]
    if not any(left):
        return terms.options.subsidies
    for number, interest, borne in charged:
        owed = interest + borne
        for place, subsidy in enumerate(terms.options.subsidies):
            cap = left[place]
            part = min(_part(terms, subsidy, number, owed), borne, borne if cap is None else cap)
            owed, borne = owed - part, borne - part
            left[place] = None if cap is None else cap - part
    pairs = zip(terms.options.subsidies, left, strict=True)
    return tuple(subsidy if subsidy.cap is None else replace(subsidy, cap=cap) for subsidy, cap in pairs)


def _share(terms: Terms, fee: Fee, base: int) -> int:
    rate, of = fee.rate.as_integer_ratio()
    return terms.conventions.divide(base * rate, of)


def _borne(terms: Terms, subsidy: Subsidy, rows: list[Instalment]) -> list[int]:
    left = sum(row.interest for row in rows) if subsidy.cap is None else subsidy.cap
    parts = []
    for row in rows:
        part = min(_part(terms, subsidy, row.number, row.interest), left)
        left -= part
        parts.append(part)
    return parts


def _part(terms: Terms, subsidy: Subsidy, number: int, interest: int) -> int:
    """What a subsidy bears of an instalment's interest, its cap aside."""
    if not subsidy.first <= number <= (subsidy.last or number):
        return 0
    rate, of = subsidy.share.as_integer_ratio()
    return min(terms.conventions.divide(interest * rate, of), interest)
