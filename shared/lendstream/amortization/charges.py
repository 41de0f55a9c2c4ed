"""What is put on top of interest (fees) and taken off it (subsidies)."""

from collections.abc import Sequence

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


def _share(terms: Terms, fee: Fee, base: int) -> int:
    rate, of = fee.rate.as_integer_ratio()
    return terms.conventions.divide(base * rate, of)


def _borne(terms: Terms, subsidy: Subsidy, rows: list[Instalment]) -> list[int]:
    rate, of = subsidy.share.as_integer_ratio()
    left = sum(row.interest for row in rows) if subsidy.cap is None else subsidy.cap
    parts = []
    for row in rows:
        covered = subsidy.first <= row.number <= (subsidy.last or row.number)
        part = min(terms.conventions.divide(row.interest * rate, of), row.interest, left) if covered else 0
        left -= part
        parts.append(part)
    return parts
