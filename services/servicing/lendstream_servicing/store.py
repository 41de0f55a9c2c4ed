"""Accounts in PostgreSQL: many loaded and many saved in a few set-based statements."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from lendstream.amortization import Method
from lendstream.events.application import OfferAccepted
from lendstream.events.base import Model
from lendstream.events.intake import LoanOptions
from lendstream.events.ledger import JournalPosted
from lendstream.events.loan import Bucket, ClosingReason, LoanEvent, Recipient
from lendstream.events.payment import PaymentIntent
from lendstream.journal_chain import START, Chain
from lendstream.runtime.decider import Change
from lendstream.runtime.sql import Connection
from lendstream_servicing.books_store import save_journals
from lendstream_servicing.domain.accrual import accrual
from lendstream_servicing.domain.loan import (
    NO_DEBIT,
    Account,
    Approval,
    Awaiting,
    Contract,
    Debit,
    Entry,
    Instalment,
    Kind,
    Loan,
    Part,
    Payout,
    Status,
)
from lendstream_servicing.sql import queries

__all__ = ["AccountStore", "queries"]

_WAITING = ("id", "waiting")
LOAN_UPDATE = (
    "id", "status", "sequence", "attempt", "pay_on", "disbursed_on", "bank_reference", "bucket", "credit",
    "principal_outstanding", "total_outstanding", "overdue_amount", "next_action_on", "aged_through", "ended_on",
    "annual_rate", "original", "anchor_on", "anchor_interest", "anchor_subsidy", "late_interest", "pays_to",
    "walked_to", "payouts", "debit_next_on", "debit_due", "debit_attempt", "debit_waits_for", "refund", "refunds",
    "charged_off_on", "ending", "journals", "journal_head", "interest_receivable", "fee_receivable", "period_from",
    "period_to", "period_interest", "period_subsidy", "subsidy_future",
)  # fmt: skip
LOAN = (*LOAN_UPDATE, "customer_id", "currency", "product")
CONTRACT = (
    "loan_id", "application_id", "offer_id", "decision_id", "partner", "reference", "product", "product_version",
    "method", "principal", "annual_rate", "tenor", "upfront_fee", "payout_account", "engine", "opened_on",
    "interest_from", "submitted_at", "debit_account", "recipient", "credit_limit", "options", "correlation_id",
    "traceparent",
)  # fmt: skip
INSTALMENT = ("loan_id", *Instalment._fields)
_SCHEDULED = Instalment._fields.index("late_fee")
INSTALMENT_UPDATE = ("loan_id", "number", *Instalment._fields[_SCHEDULED:])
ENTRY = ("loan_id", *Entry._fields)
_KIND, _INTENT, _PARTS, _CAPITALISED = map(Entry._fields.index, ("kind", "intent", "parts", "capitalised"))
_ENTRY_UPDATE = (
    "id", "applied_on", "unallocated", "fee", "parts", "capitalised", "recovery", "undone_on", "reason",
    "detail",
)  # fmt: skip
EVENT = ("loan_id", "sequence", "type", "data")
_TOLD_ELSEWHERE = {"loan_id", "customer_id", "sequence", "instalments"}
Row = tuple[Any, ...]


class Waiting(Model):
    """What an account keeps in the column of this name, until its loan is open."""

    acceptance: OfferAccepted | None = None
    approval: Approval | None = None
    journals: int = 0
    journal_head: str = ""


@dataclass
class _Rows:
    """What to write, by statement."""

    new_accounts: list[Row] = field(default_factory=list)
    accounts: list[Row] = field(default_factory=list)
    new_loans: list[Row] = field(default_factory=list)
    loans: list[Row] = field(default_factory=list)
    contracts: list[Row] = field(default_factory=list)
    rescheduled: list[UUID] = field(default_factory=list)
    new_instalments: list[Row] = field(default_factory=list)
    instalments: list[Row] = field(default_factory=list)
    new_entries: list[Row] = field(default_factory=list)
    entries: list[Row] = field(default_factory=list)
    journals: list[JournalPosted] = field(default_factory=list)
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
        await _copy(connection, "loan", LOAN, rows.new_loans)
        await _update(connection, queries.update_loans, LOAN_UPDATE, rows.loans)
        await _copy(connection, "contract", CONTRACT, rows.contracts)
        if rows.rescheduled:
            await queries.delete_instalments(connection, ids=rows.rescheduled)
        await _copy(connection, "instalment", INSTALMENT, rows.new_instalments)
        await _update(connection, queries.update_instalments, INSTALMENT_UPDATE, rows.instalments)
        await _copy(connection, "entry", ENTRY, rows.new_entries)
        await _update(connection, queries.update_entries, _ENTRY_UPDATE, rows.entries)
        await save_journals(connection, rows.journals)
        await _copy(connection, "loan_event", EVENT, rows.events)


async def _copy(connection: Connection, table: str, columns: Sequence[str], rows: list[Row]) -> None:
    if rows:
        await connection.copy_records_to_table(table, records=rows, columns=columns)


async def _update(connection: Connection, statement: Any, columns: Sequence[str], rows: list[Row]) -> None:
    if rows:
        await statement(connection, **dict(zip(columns, zip(*rows, strict=True), strict=True)))


def _collect(rows: _Rows, change: Change[Account]) -> None:
    before, after = change.before, change.after
    _collect_entries(rows, after, before.entries if before else ())
    rows.journals += after.journals
    if before is None:
        rows.new_accounts.append((after.id, _waiting_of(after)))
    if isinstance(after, Awaiting):
        if before is not None:
            rows.accounts.append((after.id, _waiting_of(after)))
        return
    if isinstance(before, Loan):
        rows.loans.append(_loan_row(after))
        if before.instalments is not after.instalments:
            _collect_instalments(rows, before, after)
    else:
        contract = after.contract
        rows.new_loans.append((*_loan_row(after), contract.customer_id, contract.currency, contract.product))
        rows.contracts.append(_contract_row(after))
        rows.new_instalments += [(after.id, *each) for each in after.instalments]
    rows.events += map(_event_row, after.news)


def _collect_instalments(rows: _Rows, before: Loan, after: Loan) -> None:
    same = len(before.instalments) == len(after.instalments)
    pairs = [pair for pair in zip(before.instalments, after.instalments, strict=False) if pair[0] is not pair[1]]
    if same and all(old[:_SCHEDULED] == new[:_SCHEDULED] for old, new in pairs):
        rows.instalments += [(after.id, new.number, *new[_SCHEDULED:]) for _, new in pairs]
    else:
        rows.rescheduled.append(after.id)
        rows.new_instalments += [(after.id, *each) for each in after.instalments]


def _collect_entries(rows: _Rows, after: Account, before: Sequence[Entry]) -> None:
    if after.entries is before:
        return
    rows.entries += [
        (
            new.id,
            new.applied_on,
            new.unallocated,
            new.fee,
            json.dumps(new.parts),
            json.dumps(new.capitalised),
            new.recovery,
            new.undone_on,
            new.reason,
            new.detail,
        )
        for old, new in zip(before, after.entries, strict=False)
        if new is not old
    ]
    rows.new_entries += [
        (after.id, *each._replace(parts=json.dumps(each.parts), capitalised=json.dumps(each.capitalised)))  # type: ignore[arg-type]
        for each in after.entries[len(before) :]
    ]


def _waiting_of(account: Account) -> str:
    if isinstance(account, Loan):
        return "{}"
    return Waiting(
        acceptance=account.acceptance,
        approval=account.approval,
        journals=account.chain.number,
        journal_head=account.chain.head,
    ).model_dump_json()


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
        *loan.owed,
        loan.next_action_on,
        loan.aged_through,
        loan.ended_on,
        loan.annual_rate,
        json.dumps([each[:6] for each in loan.original], default=str) if loan.original else None,
        loan.anchor_on,
        loan.anchor_interest,
        loan.anchor_subsidy,
        loan.late_interest,
        loan.pays_to,
        loan.walked_to,
        json.dumps(loan.payouts, default=str) if loan.payouts else None,
        *loan.debit,
        loan.refund,
        loan.refunds,
        loan.charged_off_on,
        loan.ending,
        loan.chain.number,
        loan.chain.head if loan.chain.number else None,
        *accrual(loan),
    )


def _contract_row(loan: Loan) -> Row:
    contract = loan.contract
    options = contract.options.model_dump_json(exclude_defaults=True) if contract.options else None
    return (
        loan.id,
        *(getattr(contract, name) for name in CONTRACT[1:21]),
        options,
        contract.correlation_id,
        contract.traceparent,
    )


def _event_row(event: LoanEvent) -> Row:
    return (event.loan_id, event.sequence, type(event).__name__, event.model_dump_json(exclude=_TOLD_ELSEWHERE))


async def _assembled(connection: Connection, keys: Sequence[UUID]) -> Mapping[UUID, Account]:
    if not keys:
        return {}
    entries: dict[UUID, list[Entry]] = defaultdict(list)
    async for row in queries.read_entries(connection, ids=keys):
        entries[row["loan_id"]].append(_entry(row))
    loans = {row["id"]: row async for row in queries.read_loans(connection, ids=keys)}
    instalments: dict[UUID, list[Instalment]] = defaultdict(list)
    if loans:
        async for loan_id, *values in queries.read_instalments(connection, ids=list(loans)):
            instalments[loan_id].append(Instalment._make(values))
    accounts: dict[UUID, Account] = {
        key: _loan(row, tuple(instalments[key]), tuple(entries.get(key, ()))) for key, row in loans.items()
    }
    if unopened := [key for key in keys if key not in loans]:
        async for row in queries.read_waiting(connection, ids=unopened):
            waiting = Waiting.model_validate_json(row["waiting"])
            paid = tuple(entries.get(row["id"], ()))
            chain = Chain(waiting.journals, waiting.journal_head) if waiting.journals else START
            accounts[row["id"]] = Awaiting(row["id"], waiting.acceptance, waiting.approval, paid, chain)
    return accounts


def _entry(row: Any) -> Entry:
    values = list(row)[1:]
    values[_KIND] = Kind(values[_KIND])
    values[_INTENT] = PaymentIntent(values[_INTENT]) if values[_INTENT] else None
    values[_PARTS] = tuple([Part._make(each) for each in json.loads(values[_PARTS])])
    values[_CAPITALISED] = tuple(json.loads(values[_CAPITALISED])) if values[_CAPITALISED] else (0, 0, 0)
    return Entry._make(values)


def _loan(row: Any, instalments: tuple[Instalment, ...], entries: tuple[Entry, ...]) -> Loan:
    agreed = {name: row[name] for name in CONTRACT[1:]}
    agreed["method"] = Method(agreed["method"])
    agreed["recipient"] = Recipient(agreed["recipient"])
    agreed["options"] = LoanOptions.model_validate_json(agreed["options"]) if agreed["options"] else None
    attempt = row["debit_attempt"]
    debit = Debit(row["debit_next_on"], row["debit_due"], attempt, row["debit_waits_for"])
    return Loan(
        id=row["id"],
        contract=Contract(customer_id=row["customer_id"], currency=row["currency"], **agreed),
        instalments=instalments,
        pay_on=row["pay_on"],
        annual_rate=row["rate_now"],
        status=Status(row["status"]),
        entries=entries,
        original=_original(row["original"]),
        anchor_on=row["anchor_on"],
        anchor_interest=row["anchor_interest"],
        anchor_subsidy=row["anchor_subsidy"],
        late_interest=row["late_interest"],
        pays_to=row["pays_to"],
        walked_to=row["walked_to"],
        payouts=_payouts(row["payouts"]),
        debit=NO_DEBIT if debit == NO_DEBIT else debit,
        refund=row["refund"],
        refunds=row["refunds"],
        attempt=row["attempt"],
        disbursed_on=row["disbursed_on"],
        bank_reference=row["bank_reference"],
        bucket=Bucket(row["bucket"]),
        credit=row["credit"],
        next_action_on=row["next_action_on"],
        aged_through=row["aged_through"],
        charged_off_on=row["charged_off_on"],
        ended_on=row["ended_on"],
        ending=ClosingReason(row["ending"]) if row["ending"] else None,
        sequence=row["sequence"],
        chain=Chain(row["journals"], row["journal_head"]) if row["journals"] else START,
    )


def _original(text: str | None) -> tuple[Instalment, ...]:
    if text is None:
        return ()
    return tuple(Instalment(number, date.fromisoformat(due), *rest) for number, due, *rest in json.loads(text))


def _payouts(text: str | None) -> tuple[Payout, ...]:
    if text is None:
        return ()
    return tuple(
        payout._replace(
            kind=Kind(payout.kind),
            pay_on=date.fromisoformat(payout.pay_on),  # type: ignore[arg-type]
            done_on=date.fromisoformat(payout.done_on) if payout.done_on else None,  # type: ignore[arg-type]
        )
        for payout in map(Payout._make, json.loads(text))
    )
