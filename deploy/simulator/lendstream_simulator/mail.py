"""A mail server: takes messages over SMTP, records them, and refuses some.

A refusal is decided by the seed and the message's key: a temporary one (451) is lifted at the next try, a permanent
one (550) stays, so that the sender has to take another channel.
"""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Self

from aiosmtpd.smtp import SMTP, Envelope, Session

from lendstream_simulator.journal import MAIL, Journal
from lendstream_simulator.seeded import draw

HOST = "127.0.0.1"


class MailServer:
    """Listens on 127.0.0.1 while entered; `port` 0 takes a free one."""

    def __init__(
        self, directory: Path, *, seed: int = 0, port: int = 0, temporary: float = 0.03, permanent: float = 0.02
    ) -> None:
        self._journal = Journal(directory / MAIL)
        self._seed = seed
        self._temporary = temporary
        self._permanent = permanent
        self._server: asyncio.Server | None = None
        self.port = port
        self.results: Counter[str] = Counter(entry["result"] for entry in self._journal.read())
        """delivered, deferred (451) and refused (550), over all runs on this folder."""
        self._tried: Counter[str] = Counter(entry["key"] for entry in self._journal.read())

    @property
    def delivered(self) -> int:
        """How many messages it took, over all runs on this folder."""
        return self.results["delivered"]

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._conversation, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()

    def _conversation(self) -> SMTP:
        return SMTP(self, hostname="mail.example.com", enable_SMTPUTF8=True, loop=asyncio.get_running_loop())

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's)
        """The server's answer to a whole message; recorded before it is given."""
        message = message_from_bytes(_content(envelope), policy=default)
        key = str(message["X-Message-Key"] or "")
        result, answer = self._verdict(key)
        self._journal.append(
            at=datetime.now(UTC).isoformat(),
            result=result,
            key=key,
            id=str(message["Message-ID"] or ""),
            to=envelope.rcpt_tos,
            subject=str(message["Subject"] or ""),
        )
        self.results[result] += 1
        self._tried[key] += 1
        return answer

    def _verdict(self, key: str) -> tuple[str, str]:
        chance = draw(self._seed, "mail", key).random()
        if chance < self._permanent:
            return "refused", "550 5.1.1 No such mailbox"
        if chance < self._permanent + self._temporary and not self._tried[key]:
            return "deferred", "451 4.3.0 Try again later"
        return "delivered", "250 2.0.0 Taken"


def _content(envelope: Envelope) -> bytes:
    content = envelope.original_content or envelope.content or b""
    return content if isinstance(content, bytes) else content.encode()
