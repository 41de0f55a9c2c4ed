"""Accounts in PostgreSQL: many loaded and many saved in a few set-based statements."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import aiosql

from lendstream.amortization import Method
from lendstream.events.application import OfferAccepted
from lendstream.events.base import Model
from lendstream.events.loan import Bucket, LoanEvent
from lendstream.runtime.decider import Change
from lendstream.runtime.sql import Connection
from lendstream_servicing.domain.loan import Account, Approval, Awaiting, Contract, Instalment, Loan, Payment, Status

queries: Any = aiosql.from_path(Path(__file__).parent / "queries", "asyncpg")

_WAITING = ("id", "waiting")
_LOAN_UPDATE = (
    "id", "status", "sequence", "attempt", "pay_on", "disbursed_on", "bank_reference", "bucket", "credit",
    "principal_outstanding", "total_outstanding", "overdue_amount", "next_action_on", "aged_through", "ended_on",
)  # fmt: skip
_LOAN = (*_LOAN_UPDATE, "customer_id", "currency")
_CONTRACT = (
    "loan_id", "application_id", "offer_id", "decision_id", "partner", "reference", "product", "product_version",
    "method", "principal", "annual_rate", "upfront_fee", "payout_account", "engine", "opened_on", "interest_from",
    "submitted_at", "correlation_id", "traceparent",
)  # fmt: skip
_INSTALMENT = ("loan_id", *Instalment._fields)
_MOVING = Instalment._fields.index("penalty")
_INSTALMENT_UPDATE = ("loan_id", "number", *Instalment._fields[_MOVING:])
_PAYMENT = ("loan_id", *Payment._fields)
_PAYMENT_UPDATE = ("payment_id", "applied_on", "unallocated")
_EVENT = ("loan_id", "sequence", "type", "data")
_TOLD_ELSEWHERE = {"loan_id", "customer_id", "sequence", "instalments"}
Row = tuple[Any, ...]


class Waiting(Model):
    """What an account keeps in the column of this name, until its loan is open."""

    acceptance: OfferAccepted | None = None
    approval: Approval | None = None


@dataclass
class _Rows:
    """What to write, by statement."""

    new_accounts: list[Row] = field(default_factory=list)
    accounts: list[Row] = field(default_factory=list)
    new_loans: list[Row] = field(default_factory=list)
    loans: list[Row] = field(default_factory=list)
    contracts: list[Row] = field(default_factory=list)
    new_instalments: list[Row] = field(default_factory=list)
    instalments: list[Row] = field(default_factory=list)
    new_payments: list[Row] = field(default_factory=list)
    payments: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)


class AccountStore:
    """The store of servicing's one aggregate."""

    async def load(self, connection: Connection, keys: Sequence[UUID]) -> Mapping[UUID, Account]:
        """Accounts by id, locked in the order of ids."""
        return await _assembled(connection, [row["id"] async for row in queries.lock_accounts(connection, ids=keys)])

    async def read(self, connection: Connection, keys: Sequence[UUID]) -> Mapping[UUID, Account]:
        """The same without locks; call it in a transaction that is REPEATABLE READ."""
        return await _assembled(connection, [row["id"] async for row in queries.read_accounts(connection, ids=keys)])

    async def save(self, connection: Connection, changes: Mapping[UUID, Change[Account]]) -> None:
        """Write what differs: new rows by COPY, changed ones by an UPDATE from arrays."""
        rows = _Rows()
        for _, change in sorted(changes.items()):
            _collect(rows, change)
        await _copy(connection, "account", _WAITING, rows.new_accounts)
        await _update(connection, queries.update_waiting, _WAITING, rows.accounts)
        await _copy(connection, "loan", _LOAN, rows.new_loans)
        await _update(connection, queries.update_loans, _LOAN_UPDATE, rows.loans)
        await _copy(connection, "contract", _CONTRACT, rows.contracts)
        await _copy(connection, "instalment", _INSTALMENT, rows.new_instalments)
        await _update(connection, queries.update_instalments, _INSTALMENT_UPDATE, rows.instalments)
        await _copy(connection, "payment", _PAYMENT, rows.new_payments)
        await _update(connection, queries.update_payments, _PAYMENT_UPDATE, rows.payments)
        await _copy(connection, "loan_event", _EVENT, rows.events)


async def _copy(connection: Connection, table: str, columns: Sequence[str], rows: list[Row]) -> None:
    if rows:
        await connection.copy_records_to_table(table, records=rows, columns=columns)


async def _update(connection: Connection, statement: Any, columns: Sequence[str], rows: list[Row]) -> None:
    if rows:
        await statement(connection, **dict(zip(columns, zip(*rows, strict=True), strict=True)))


def _collect(rows: _Rows, change: Change[Account]) -> None:
    before, after = change.before, change.after
    _collect_payments(rows, after, before.payments if before else ())
    if before is None:
        rows.new_accounts.append((after.id, _waiting_of(after)))
    if isinstance(after, Awaiting):
        if before is not None:
            rows.accounts.append((after.id, _waiting_of(after)))
        return
    if isinstance(before, Loan):
        rows.loans.append(_loan_row(after))
        rows.instalments += (
            (after.id, new.number, *new[_MOVING:])
            for old, new in zip(before.instalments, after.instalments, strict=True)
            if new is not old
        )
    else:
        rows.new_loans.append((*_loan_row(after), after.contract.customer_id, after.contract.currency))
        rows.contracts.append(_contract_row(after))
        rows.new_instalments += ((after.id, *each) for each in after.instalments)
    rows.events += map(_event_row, after.news)


def _collect_payments(rows: _Rows, after: Account, before: Sequence[Payment]) -> None:
    for old, new in zip(before, after.payments, strict=False):
        if new is not old:
            rows.payments.append((new.payment_id, new.applied_on, new.unallocated))
    rows.new_payments += ((after.id, *each) for each in after.payments[len(before) :])


def _waiting_of(account: Account) -> str:
    if isinstance(account, Loan):
        return "{}"
    return Waiting(acceptance=account.acceptance, approval=account.approval).model_dump_json()


def _loan_row(loan: Loan) -> Row:
    return (
        loan.id,
        loan.status,
        loan.sequence,
        loan.attempt,
        loan.pay_on,
        loan.disbursed_on,
        loan.bank_reference,
        loan.bucket,
        loan.credit,
        loan.principal_outstanding,
        loan.total_outstanding,
        loan.overdue_amount,
        loan.next_action_on,
        loan.aged_through,
        loan.ended_on,
    )


def _contract_row(loan: Loan) -> Row:
    return (loan.id, *(getattr(loan.contract, name) for name in _CONTRACT[1:]))


def _event_row(event: LoanEvent) -> Row:
    return (event.loan_id, event.sequence, type(event).__name__, event.model_dump_json(exclude=_TOLD_ELSEWHERE))


async def _assembled(connection: Connection, keys: Sequence[UUID]) -> Mapping[UUID, Account]:
    if not keys:
        return {}
    payments = _grouped(Payment, [row async for row in queries.read_payments(connection, ids=keys)])
    loans = {row["id"]: row async for row in queries.read_loans(connection, ids=keys)}
    instalments: Mapping[UUID, Sequence[Instalment]] = {}
    if loans:
        instalments = _grouped(Instalment, [row async for row in queries.read_instalments(connection, ids=list(loans))])
    accounts: dict[UUID, Account] = {
        key: _loan(row, tuple(instalments[key]), tuple(payments.get(key, ()))) for key, row in loans.items()
    }
    if unopened := [key for key in keys if key not in loans]:
        async for row in queries.read_waiting(connection, ids=unopened):
            waiting = Waiting.model_validate_json(row["waiting"])
            paid = tuple(payments.get(row["id"], ()))
            accounts[row["id"]] = Awaiting(row["id"], waiting.acceptance, waiting.approval, paid)
    return accounts


def _grouped(kind: Any, rows: Iterable[Any]) -> Mapping[UUID, list[Any]]:
    groups: dict[UUID, list[Any]] = defaultdict(list)
    for loan_id, *values in rows:
        groups[loan_id].append(kind._make(values))
    return groups


def _loan(row: Any, instalments: tuple[Instalment, ...], payments: tuple[Payment, ...]) -> Loan:
    agreed = {name: row[name] for name in _CONTRACT[1:]}
    agreed["method"] = Method(agreed["method"])
    return Loan(
        id=row["id"],
        contract=Contract(customer_id=row["customer_id"], currency=row["currency"], **agreed),
        instalments=instalments,
        pay_on=row["pay_on"],
        status=Status(row["status"]),
        payments=payments,
        attempt=row["attempt"],
        disbursed_on=row["disbursed_on"],
        bank_reference=row["bank_reference"],
        bucket=Bucket(row["bucket"]),
        credit=row["credit"],
        next_action_on=row["next_action_on"],
        aged_through=row["aged_through"],
        ended_on=row["ended_on"],
        sequence=row["sequence"],
    )
