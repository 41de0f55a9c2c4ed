"""A mail server and a text gateway for tests: they take what comes, or do what a test asks of them."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from lendstream.events.notification import Channel
from lendstream_local.home import free_ports
from lendstream_notifications.domain.sending import Answer, Delivery
from lendstream_notifications.wording import Text

HOST = "127.0.0.1"
TOKEN = "let-me-in"


@dataclass
class MailBox:
    """A mail server. `recipient` and `content` answer RCPT and DATA; None takes the message."""

    port: int = field(default_factory=lambda: free_ports(1)[0])
    mails: list[EmailMessage] = field(default_factory=list)
    """Every mail whose content arrived, whatever was answered."""
    recipients: list[str] = field(default_factory=list)
    connections: int = 0
    recipient: Callable[[str], str | None] = lambda _: None
    content: Callable[[EmailMessage, SMTP], Awaitable[str | None]] | None = None

    @property
    def keys(self) -> list[str]:
        """The keys of the mails."""
        return [str(mail["X-Message-Key"]) for mail in self.mails]

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["MailBox"]:
        """The server is up within the block."""
        conversations: list[SMTP] = []

        def conversation() -> SMTP:
            self.connections += 1
            conversations.append(SMTP(self, hostname="mail.test", loop=asyncio.get_running_loop()))
            return conversations[-1]

        server = await asyncio.get_running_loop().create_server(conversation, HOST, self.port)
        try:
            yield self
        finally:
            server.close()
            for each in conversations:
                hang_up(each)

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """The answer to RCPT TO."""
        if answer := self.recipient(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """The answer to the content."""
        content = envelope.original_content or b""
        mail: Any = message_from_bytes(content, policy=default)
        self.mails.append(mail)
        self.recipients += envelope.rcpt_tos
        answer = await self.content(mail, server) if self.content else None
        return answer or "250 OK"


def hang_up(conversation: SMTP) -> None:
    """Cut the connection without a word."""
    if isinstance(conversation.transport, asyncio.WriteTransport):
        conversation.transport.abort()


@dataclass
class Gateway:
    """A text gateway: delivers a key once. `answer` gives another status first; `after` runs before the answer."""

    port: int = field(default_factory=lambda: free_ports(1)[0])
    delivered: dict[str, dict[str, str]] = field(default_factory=dict)
    """The texts by key: each key is delivered once."""
    requests: Counter[str] = field(default_factory=Counter)
    answer: Callable[[str], int | None] = lambda _: None
    after: Callable[[str], Awaitable[None]] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{HOST}:{self.port}"

    def application(self) -> FastAPI:
        """The gateway's HTTP."""
        app = FastAPI()

        @app.post("/v1/messages")
        async def take(request: Request) -> JSONResponse:
            if request.headers.get("Authorization") != f"Bearer {TOKEN}":
                return JSONResponse({"error": "token"}, 401)
            key = request.headers["Idempotency-Key"]
            self.requests[key] += 1
            if status := self.answer(key):
                return JSONResponse({"error": "as the test wants it"}, status)
            self.delivered.setdefault(key, await request.json())
            if self.after:
                await self.after(key)
            return JSONResponse({"status": "accepted"}, 202)

        return app

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Gateway"]:
        """The gateway is up within the block."""
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((HOST, self.port))
            listener.listen(128)
            server = _Server(
                uvicorn.Config(
                    self.application(),
                    log_config=None,
                    access_log=False,
                    lifespan="off",
                    timeout_graceful_shutdown=1,
                )
            )
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            try:
                yield self
            finally:
                server.should_exit = True
                await serving


class _Server(uvicorn.Server):
    """Leaves the signals to the test."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Provider:
    """A transport in the sender's own process; `on_delivery` may wait, or say another answer."""

    def __init__(self, channel: Channel = Channel.SMS, at_once: int = 10) -> None:
        self.channel = channel
        self.repeatable = channel is Channel.SMS
        self.at_once = at_once
        self.taken: Counter[str] = Counter()
        self.addresses: set[str] = set()
        self.texts: list[Text] = []
        self.most_at_once = 0
        self._now = 0
        self.on_delivery: Callable[[str], Awaitable[Delivery | None]] | None = None
        self.closed = False

    async def deliver(self, address: str, text: Text, key: str) -> Delivery:
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        self.taken[key] += 1
        self.addresses.add(address)
        self.texts.append(text)
        await asyncio.sleep(0)
        said = await self.on_delivery(key) if self.on_delivery else None
        self._now -= 1
        return said or Delivery(Answer.ACCEPTED)

    async def close(self) -> None:
        self.closed = True
