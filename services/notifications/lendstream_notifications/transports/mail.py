"""Mail over SMTP, on one connection that is kept. SMTP knows no keys: what was handed over once is never sent again."""

from contextlib import suppress
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from typing import Literal
from uuid import UUID, uuid5

import aiosmtplib

from lendstream.events.notification import Channel
from lendstream_notifications.domain.sending import Answer, Delivery
from lendstream_notifications.wording import Text

Tls = Literal["auto", "starttls", "tls", "none"]
_NAMESPACE = UUID("0f3f6a2e-9c1d-5b67-8a54-1d7b0c9e6f21")
_SEVEN_BIT = SMTP_POLICY.clone(cte_type="7bit")


class MailServer:
    """The SMTP client. One mail at a time: of several in hand only one would be in doubt when the process dies."""

    channel = Channel.MAIL
    repeatable = False
    at_once = 1

    def __init__(
        self,
        host: str,
        port: int,
        sender: str,
        *,
        timeout: float,
        username: str = "",
        password: str = "",
        tls: Tls = "auto",
    ) -> None:
        """`tls`: auto uses STARTTLS where it is offered, starttls insists on it, tls is TLS from the start, or none."""
        self._sender = sender
        self._client = aiosmtplib.SMTP(
            hostname=host,
            port=port,
            timeout=timeout,
            username=username or None,
            password=password or None,
            use_tls=tls == "tls",
            start_tls={"auto": None, "starttls": True}.get(tls, False),
            local_hostname=sender.rpartition("@")[2].rstrip(">"),
        )

    async def deliver(self, address: str, text: Text, key: str) -> Delivery:
        """Hand over. Until the content is sent nothing is lost by trying again; from then on it is in doubt."""
        try:
            content = self.message(address, text, key).as_bytes(policy=_SEVEN_BIT)
            address.encode("ascii")
        except ValueError:  # an address that is none, or not ASCII
            return Delivery(Answer.NEVER, "address_not_usable")
        try:
            await self._open_envelope()
        except (aiosmtplib.SMTPException, OSError) as error:
            return await self._failed(Answer.NOT_NOW, error)
        try:
            await self._client.rcpt(address)
        except (aiosmtplib.SMTPException, OSError) as error:
            return await self._failed(_meaning(error, otherwise=Answer.NOT_NOW), error)
        try:
            await self._client.data(content)
        except (aiosmtplib.SMTPException, OSError) as error:
            return await self._failed(_meaning(error, otherwise=Answer.IN_DOUBT), error)
        return Delivery(Answer.ACCEPTED)

    async def close(self) -> None:
        """Take leave of the server."""
        if self._client.is_connected:
            with suppress(aiosmtplib.SMTPException, OSError):
                await self._client.quit()
        self._client.close()

    def message(self, address: str, text: Text, key: str) -> EmailMessage:
        """The mail, its Message-ID made from the key. Raises ValueError when the address is none."""
        name, sender = parseaddr(self._sender)
        mail = EmailMessage(policy=_SEVEN_BIT)
        mail["From"] = Address(display_name=name, addr_spec=sender)
        mail["To"] = Address(addr_spec=address)
        mail["Subject"] = text.subject
        mail["Date"] = format_datetime(datetime.now(UTC))
        mail["Message-ID"] = f"<{uuid5(_NAMESPACE, key)}@{sender.rpartition('@')[2]}>"
        mail["X-Message-Key"] = key
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(text.body)
        return mail

    async def _open_envelope(self) -> None:
        """MAIL FROM, on the connection that is open or, when the server has closed it, on a new one."""
        if self._client.is_connected:
            try:
                await self._client.rset()
            except (aiosmtplib.SMTPException, OSError):
                self._client.close()
        if not self._client.is_connected:
            await self._client.connect()
        await self._client.mail(parseaddr(self._sender)[1])

    async def _failed(self, answer: Answer, error: Exception) -> Delivery:
        """The answer, with the server's code; its words are left out, since they may name the address."""
        if not isinstance(error, aiosmtplib.SMTPResponseException):
            self._client.close()
            return Delivery(answer, type(error).__name__)
        if error.code in (421, -1):
            self._client.close()
        return Delivery(answer, f"smtp_{error.code}")


def _meaning(error: Exception, *, otherwise: Answer) -> Answer:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        if 400 <= error.code < 500:
            return Answer.NOT_NOW
        if 500 <= error.code < 600:
            return Answer.NEVER
    return otherwise
