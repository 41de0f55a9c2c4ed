"""Looking at the service from outside."""

import asyncpg
import httpx

from integration.notifications.people import Person
from support.processes import Process
from support.tokens import READER
from support.waiting import until


def get(process: Process, path: str, token: str = READER, **query: str) -> httpx.Response:
    return httpx.get(f"{process.url}{path}", params=query, headers={"Authorization": f"Bearer {token}"}, timeout=30)


def api(process: Process, token: str = READER, **query: str) -> httpx.Response:
    return get(process, "/v1/messages", token, **query)


def state_of(process: Process, person: Person) -> list[str]:
    return [each["state"] for each in api(process, loan_id=str(person.loan)).json()["messages"]]


async def planned(database: str, *people: Person) -> None:
    """Wait until the loans' reminders are planned: a day that starts before finds nothing to do."""
    connection = await asyncpg.connect(database)
    try:
        loans = [person.loan for person in people]

        async def there() -> bool:
            count: int = await connection.fetchval("SELECT count(*) FROM plan WHERE loan_id = ANY($1)", loans)
            return count == len(loans)

        await until(there, "the loans are known")
    finally:
        await connection.close()
