"""An SMS gateway over HTTP, as providers offer it.

    POST /v1/messages   Authorization: Bearer <token>, Idempotency-Key: <key>   {"to", "text", "reference"}
    GET /v1/messages/{reference}
    GET /health/ready

The same key gives the same answer and is delivered once; the same key with another message is a 409. By the seed and
the key it sometimes is not available at first (503), or delivers and loses its answer (504, after some silence): the
caller cannot know, and has to ask again with the same key.
"""

import asyncio
import hmac
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException, Response
from pydantic import BaseModel, Field

from lendstream_simulator.journal import TEXTS, Journal
from lendstream_simulator.seeded import draw, identifier


class Message(BaseModel):
    """A text to send."""

    to: Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$", description="The number, E.164.")]
    text: Annotated[str, Field(min_length=1, max_length=1000)]
    reference: Annotated[str, Field(min_length=1, max_length=120, description="The sender's own name of it.")]


class Receipt(BaseModel):
    """The gateway's answer."""

    id: str
    reference: str
    status: str


class Gateway:
    """What the gateway knows: kept in its journal, over restarts."""

    def __init__(
        self, directory: Path, *, seed: int = 0, unavailable: float = 0.03, lost: float = 0.01, silence: float = 0.0
    ) -> None:
        self._journal = Journal(directory / TEXTS)
        self._seed = seed
        self._unavailable = unavailable
        self._lost = lost
        self._silence = silence
        self._closing = asyncio.Event()
        self._by_key: dict[str, tuple[dict[str, str], Receipt]] = {}
        self._by_reference: dict[str, Receipt] = {}
        self._tried: Counter[str] = Counter()
        self.delivered = 0
        """How many texts it delivered, over all runs on this folder."""
        for entry in self._journal.read():
            self._tried[entry["idempotency_key"]] += 1
            if entry["result"] == "delivered":
                self._remember(entry["idempotency_key"], entry["message"], entry["id"])

    def close(self) -> None:
        """Let nobody wait any longer."""
        self._closing.set()

    async def send(self, message: Message, key: str) -> tuple[Receipt, bool]:
        """Deliver once a key; whether this call did is the second value. Raises HTTPException 409, 503 or 504."""
        if known := self._by_key.get(key):
            if known[0] != message.model_dump():
                raise HTTPException(409, "This Idempotency-Key was used for another message.")
            return known[1], False
        chance = draw(self._seed, "text", key).random()
        first = not self._tried[key]
        self._tried[key] += 1
        if chance < self._unavailable and first:
            self._record("unavailable", message, key)
            raise HTTPException(503, "The gateway is busy.", {"Retry-After": "1"})
        receipt = self._remember(key, message.model_dump(), self._record("delivered", message, key))
        if chance > 1 - self._lost and first:
            await self._keep_silent()
            raise HTTPException(504, "The operator's answer was lost.")
        return receipt, True

    def status(self, reference: str) -> Receipt | None:
        """What became of a text, by the sender's reference."""
        return self._by_reference.get(reference)

    def _record(self, result: str, message: Message, key: str) -> str:
        number = f"sms_{identifier('text', key).hex}"
        self._journal.append(
            at=datetime.now(UTC).isoformat(),
            result=result,
            key=message.reference,
            id=number,
            idempotency_key=key,
            message=message.model_dump(),
        )
        return number

    def _remember(self, key: str, message: dict[str, str], id: str) -> Receipt:
        receipt = Receipt(id=id, reference=message["reference"], status="delivered")
        self._by_key[key] = message, receipt
        self._by_reference[receipt.reference] = receipt
        self.delivered += 1
        return receipt

    async def _keep_silent(self) -> None:
        """A caller that gives up and asks again is answered at once, by the key."""
        waiting = asyncio.create_task(self._closing.wait())
        await asyncio.wait([waiting], timeout=self._silence)
        waiting.cancel()


def application(gateway: Gateway, token: str) -> FastAPI:
    """The gateway as an ASGI application."""

    def authorized(authorization: Annotated[str, Header()] = "") -> None:
        if not hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
            raise HTTPException(401, "Send the token as `Authorization: Bearer <token>`.")

    app = FastAPI(title="SMS gateway", openapi_url=None)

    @app.get("/health/ready")
    async def ready() -> None:
        return

    @app.post("/v1/messages", status_code=202, dependencies=[Depends(authorized)])
    async def send(
        message: Message, response: Response, idempotency_key: Annotated[str, Header(min_length=1)]
    ) -> Receipt:
        receipt, new = await gateway.send(message, idempotency_key)
        response.headers["Idempotency-Replayed"] = str(not new).lower()
        return receipt

    @app.get("/v1/messages/{reference:path}", dependencies=[Depends(authorized)])
    async def status(reference: str) -> Receipt:
        if receipt := gateway.status(reference):
            return receipt
        raise HTTPException(404, "No message of that reference.")

    return app
