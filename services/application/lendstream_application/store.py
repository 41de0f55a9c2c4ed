"""Applications and customers in PostgreSQL: many loaded, many saved, each in a statement or two.

A new row is copied in plainly: when two instances make the same one at once, the second is refused by the primary
key, and the unit of work has its batch redone, which then finds the first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import aiosql
from asyncpg import Record
from pydantic import TypeAdapter

from lendstream.events.application import ApplicationReady
from lendstream.events.customer import CustomerKey, CustomerProfile
from lendstream.events.intake import ApplicationStatus, Consents, Language, OfferMade, StatusReason
from lendstream.runtime.decider import Change
from lendstream.runtime.sql import Connection

from .domain.model import Application, Customer

_QUERIES = Path(__file__).parent / "queries"
_applications: Any = aiosql.from_path(_QUERIES / "application.sql", "asyncpg")
_customers: Any = aiosql.from_path(_QUERIES / "customer.sql", "asyncpg")
_REASONS = TypeAdapter(tuple[StatusReason, ...])
Row = dict[str, Any]
"""Values by column."""


class Applications:
    """The store of applications and their offers."""

    async def load(self, connection: Connection, keys: Sequence[UUID]) -> Mapping[UUID, Application]:
        """Those that exist, locked."""
        rows = [row async for row in _applications.load(connection, ids=keys)]
        return {row["application_id"]: _application(row) for row in rows}

    async def save(self, connection: Connection, changes: Mapping[UUID, Change[Application]]) -> None:
        """Insert the new ones, update the others, insert the offers made."""
        states = [(change.before, change.after) for change in changes.values()]
        new = [_application_row(after) for before, after in states if before is None]
        changed = [_application_change(after) for before, after in states if before is not None]
        offers = [
            (after.application_id, after.offer.model_dump_json())
            for before, after in states
            if after.offer is not None and (before is None or before.offer is None)
        ]
        if new:
            await _copy(connection, "application", new)
        if changed:
            await _applications.update(connection, **_columns(changed))
        if offers:
            await connection.copy_records_to_table("offer", records=offers)

    async def peek(self, connection: Connection, application_id: UUID, partner: str) -> Application | None:
        """One application of a partner's, for reading; None if it has none of that id."""
        row = await _applications.peek(connection, application_id=application_id, partner=partner)
        return None if row is None else _application(row)

    async def offers_over(self, connection: Connection, day: date, limit: int) -> list[UUID]:
        """The applications whose open offers were valid until a day before this one."""
        return [row["application_id"] async for row in _applications.offers_over(connection, day=day, n=limit)]

    async def undecided(self, connection: Connection, now: datetime, limit: int) -> Mapping[UUID, Application]:
        """The applications whose decision is to be asked for again by now, locked."""
        ids = [row["application_id"] async for row in _applications.undecided(connection, now=now, n=limit)]
        return await self.load(connection, sorted(ids))


class Customers:
    """The store of customers' keys and profiles."""

    async def load(self, connection: Connection, keys: Sequence[UUID]) -> Mapping[UUID, Customer]:
        """Those that exist, locked."""
        return {row["customer_id"]: _customer(row) async for row in _customers.load(connection, ids=keys)}

    async def save(self, connection: Connection, changes: Mapping[UUID, Change[Customer]]) -> None:
        """Insert the new ones, update the others."""
        new = [_customer_row(change.after) for change in changes.values() if change.before is None]
        changed = [_customer_row(change.after) for change in changes.values() if change.before is not None]
        if new:
            await _copy(connection, "customer", new)
        if changed:
            await _customers.update(connection, **_columns(changed))


async def _copy(connection: Connection, table: str, rows: Sequence[Row]) -> None:
    await connection.copy_records_to_table(table, records=[tuple(row.values()) for row in rows], columns=list(rows[0]))


def _columns(rows: Sequence[Row]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def _application(row: Record) -> Application:
    asked = ApplicationReady.model_validate_json(row["asked"])
    return Application(
        asked=asked if row["attempt"] == asked.attempt else asked.model_copy(update={"attempt": row["attempt"]}),
        reference=row["reference"],
        fingerprint=row["fingerprint"],
        payout_account=row["payout_account"],
        debit_account=row["debit_account"],
        disburse_on=row["disburse_on"],
        status=ApplicationStatus(row["status"]),
        ask_again_at=row["ask_again_at"],
        decision_id=row["decision_id"],
        reasons=_REASONS.validate_json(row["reasons"]),
        tenor=row["tenor"],
        offer=OfferMade.model_validate_json(row["offer"]) if row["offer"] else None,
        loan_id=row["loan_id"],
        correlation_id=row["correlation_id"],
        traceparent=row["traceparent"],
    )


def _application_row(state: Application) -> Row:
    return {
        "customer_id": state.customer_id,
        "partner": state.partner,
        "reference": state.reference,
        "fingerprint": state.fingerprint,
        "asked": state.asked.model_dump_json(),
        "payout_account": state.payout_account,
        "debit_account": state.debit_account,
        "disburse_on": state.disburse_on,
        "correlation_id": state.correlation_id,
        "traceparent": state.traceparent,
        **_application_change(state),
    }


def _application_change(state: Application) -> Row:
    return {
        "application_id": state.application_id,
        "attempt": state.asked.attempt,
        "status": state.status.value,
        "ask_again_at": state.ask_again_at,
        "decision_id": state.decision_id,
        "reasons": _REASONS.dump_json(state.reasons).decode(),
        "tenor": state.tenor,
        "offer_open_until": state.offer_open_until,
        "loan_id": state.loan_id,
    }


def _customer(row: Record) -> Customer:
    customer = Customer(row["customer_id"], erased_at=row["erased_at"])
    if row["key_id"] is None:
        return customer
    key = CustomerKey(
        customer_id=row["customer_id"],
        key_id=row["key_id"],
        wrapped_key=row["wrapped_key"],
        master_key_id=row["master_key_id"],
    )
    profile = CustomerProfile(
        customer_id=row["customer_id"],
        key_id=row["key_id"],
        ciphertext=row["ciphertext"],
        language=Language(row["language"]),
        consents=Consents.model_validate_json(row["consents"]),
        updated_at=row["updated_at"],
    )
    return replace(customer, key=key, profile=profile)


def _customer_row(state: Customer) -> Row:
    key, profile = state.key, state.profile
    return {
        "customer_id": state.customer_id,
        "key_id": key and key.key_id,
        "wrapped_key": key and key.wrapped_key,
        "master_key_id": key and key.master_key_id,
        "ciphertext": profile and profile.ciphertext,
        "language": profile and profile.language.value,
        "consents": profile and profile.consents.model_dump_json(),
        "updated_at": profile and profile.updated_at,
        "erased_at": state.erased_at,
    }
