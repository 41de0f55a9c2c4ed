"""What all routes share: who may call, and how an account is read on the present business day."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from fastapi import Depends, HTTPException

from lendstream.errors import DataError, FieldError, problem
from lendstream.runtime.auth import Holders, Scope, needs
from lendstream.runtime.database import is_infrastructure
from lendstream.runtime.sql import Connection
from lendstream.runtime.state import Runtime
from lendstream_servicing.domain.loan import Account, Awaiting, Loan, Policy
from lendstream_servicing.domain.relief_policy import ReliefPolicy
from lendstream_servicing.store import AccountStore, queries


class Desk:
    """Where callers are served."""

    def __init__(
        self, runtime: Runtime, store: AccountStore, holders: Holders, policy: Policy, relief: ReliefPolicy
    ) -> None:
        self.runtime = runtime
        self.store = store
        self.policy = policy
        self.relief = relief
        self.reader = Depends(needs(Scope.READER, holders))
        self.operator = Depends(needs(Scope.OPERATOR, holders))
        self.admin = Depends(needs(Scope.ADMIN, holders))

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """A connection on which everything is of one moment. Raises HTTPException 503 when the database is away."""
        try:
            async with (
                self.runtime.pool.acquire(timeout=30) as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                yield connection
        except Exception as error:
            if not is_infrastructure(error):
                raise
            raise HTTPException(503, "The database is away; ask again", {"Retry-After": "2"}) from error

    async def today(self, connection: Connection) -> date:
        """The business day; before the first, the date in the lender's zone."""
        day: date | None = await queries.last_day(connection)
        return day or datetime.now(UTC).astimezone(self.runtime.settings.zone).date()

    async def account(self, connection: Connection, loan_id: UUID) -> Account:
        """The account of a loan of which anything but money was heard. Raises HTTPException 404."""
        account = (await self.store.read(connection, [loan_id])).get(loan_id)
        if account is None or (isinstance(account, Awaiting) and not (account.acceptance or account.approval)):
            fix = "Use the loan_id of LoanOpened; money sent to an unknown loan is at /v1/suspense."
            raise not_found("There is no such loan", FieldError("loan_id", "unknown_loan", f"No loan {loan_id}.", fix))
        return account

    async def loan(self, connection: Connection, loan_id: UUID) -> Loan:
        """A loan that is open. Raises HTTPException 404, or 409 where only half of the agreement is there."""
        account = await self.account(connection, loan_id)
        if isinstance(account, Awaiting):
            fix = "Ask again once LoanOpened has been told."
            error = FieldError("loan_id", "not_open", f"The loan {loan_id} is not open yet.", fix)
            raise HTTPException(409, problem(409, "The loan is not open yet", [error]))
        return account

    async def loan_today(self, loan_id: UUID) -> tuple[Loan, date]:
        """A loan that is open, and the business day. Raises HTTPException 404, 409, 503."""
        async with self.reading() as connection:
            return await self.loan(connection, loan_id), await self.today(connection)


def not_found(title: str, error: FieldError) -> HTTPException:
    """404, with its reason."""
    return HTTPException(404, problem(404, title, [error]))


def refused(error: DataError) -> HTTPException:
    """What a rule says no to, as the answer to a question."""
    return HTTPException(422, problem(422, "That cannot be", error.errors))


_ERROR = {name: {"type": "string"} for name in ("field", "code", "message", "fix")}
_PROBLEM = {
    "type": "object",
    "required": ["type", "status", "title"],
    "properties": {
        "type": {"type": "string"},
        "status": {"type": "integer"},
        "title": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object", "required": [*_ERROR], "properties": _ERROR}},
    },
}
Answers = dict[int | str, dict[str, Any]]


def problems(said: Mapping[int, str]) -> Answers:
    """Answers that are problem+json, for OpenAPI: what each status means."""
    content = {"application/problem+json": {"schema": _PROBLEM}}
    return {status: {"description": meaning, "content": content} for status, meaning in said.items()}


NOT_FOUND = problems({404: "There is no such loan."})
NOT_OPEN = NOT_FOUND | problems({409: "The loan is not open yet."})
BODY = problems({411: "No Content-Length.", 413: "The body is too large."})
