"""Servicing's HTTP as its callers use it, for the tests of the API."""

from typing import Any
from uuid import uuid4

import httpx

from support.tokens import ADMIN, OPERATOR, READER, bearer


class Api:
    """The API at an address, for each scope."""

    def __init__(self, url: str) -> None:
        self.client = httpx.AsyncClient(base_url=url, timeout=30)

    async def get(self, path: str, token: str = READER, **query: Any) -> httpx.Response:
        """Ask."""
        return await self.client.get(f"/v1{path}", params=query, headers=bearer(token))

    async def post(
        self, path: str, body: dict[str, Any], token: str = OPERATOR, key: str | None = None
    ) -> httpx.Response:
        """Do; with a key of its own, if none is said."""
        headers = bearer(token) | {"Idempotency-Key": key or str(uuid4())}
        return await self.client.post(f"/v1{path}", json=body, headers=headers)

    async def done(self, path: str, body: dict[str, Any], token: str = OPERATOR, key: str | None = None) -> Any:
        """Do, and have it done."""
        answer = await self.post(path, body, token, key)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def read(self, path: str, **query: Any) -> Any:
        """Ask, and be answered."""
        answer = await self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()


__all__ = ["ADMIN", "OPERATOR", "READER", "Api"]
