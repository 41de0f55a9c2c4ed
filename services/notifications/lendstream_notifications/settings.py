"""The service's settings: environment variables with the prefix LENDSTREAM_."""

from datetime import timedelta
from functools import cached_property
from typing import Self

from pydantic import Field, SecretStr, model_validator

from lendstream.privacy import UnusableKeys, Vault
from lendstream.runtime.settings import ServiceSettings
from lendstream_notifications.domain.sending import Retry
from lendstream_notifications.sender import Pace
from lendstream_notifications.transports.mail import Tls

_STEPS_OF_A_MAIL = 10
"""Connecting, greeting, TLS, login, envelope, content: each may take the whole time-out."""


class NotificationSettings(ServiceSettings):
    """What notifications needs beside the shared settings."""

    gather_ms: int = Field(
        default=250, ge=1, le=1000, description="As for every service; nobody waits for a reminder to the millisecond."
    )
    smtp_host: str = Field(description="The mail server's host.")
    smtp_port: int = Field(default=25, ge=1, le=65535, description="Its port: 25, 587 (STARTTLS) or 465 (TLS).")
    smtp_tls: Tls = Field(
        default="auto",
        description="auto: STARTTLS where the server offers it; starttls: insist on it; tls: from the start; none.",
    )
    smtp_username: str = Field(default="", description="The account at the mail server; empty: without login.")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="Its password.")
    mail_from: str = Field(
        pattern=r"^([^<>]*<[^@<>\s]+@[^@<>\s]+>|[^@<>\s]+@[^@<>\s]+)$",
        description="The sender of mails, as Lendstream <service@lendstream.example>.",
    )
    sms_url: str = Field(pattern=r"^https?://", description="The text gateway; messages go to {sms_url}/v1/messages.")
    sms_token: SecretStr = Field(default=SecretStr(""), description="The gateway's bearer token.")
    sms_at_once: int = Field(default=20, ge=1, le=200, description="Texts handed over at the same time.")
    lender_name: str = Field(default="Lendstream", max_length=20, description="The lender's name in messages.")
    help_contact: str = Field(
        default="service@lendstream.example",
        max_length=40,
        description="Whom customers can ask, in messages: a telephone number or an address.",
    )
    master_keys: SecretStr = Field(
        description="The master keys that open customers' data keys, as JSON: id to base64 of 32 bytes."
    )
    master_key: str | None = Field(default=None, description="The id of the current master key; the last, if not said.")
    send_timeout_seconds: float = Field(default=10, gt=0, description="The longest that one answer is waited for.")
    in_doubt_after_seconds: float = Field(
        default=120, gt=0, description="A message in the middle of handing over for so long was left by a crash."
    )
    retry_first_seconds: float = Field(default=1, gt=0, description="The first pause after a passing failure.")
    retry_longest_seconds: float = Field(default=300, gt=0, description="The longest pause.")
    give_up_hours: float = Field(default=24, gt=0, description="A message that could not be sent for so long fails.")
    poll_seconds: float = Field(default=0.5, gt=0, description="How often idle senders look for messages.")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if self.in_doubt_after_seconds < _STEPS_OF_A_MAIL * self.send_timeout_seconds:
            raise ValueError(
                f"in_doubt_after_seconds must be at least {_STEPS_OF_A_MAIL} times send_timeout_seconds: "
                "a message that is being handed over must not be taken for one that was left behind"
            )
        try:
            _ = self.vault
        except UnusableKeys as error:
            raise ValueError(str(error)) from None
        return self

    @cached_property
    def vault(self) -> Vault:
        """Opens what is sealed under customers' keys."""
        return Vault.from_settings(self.master_keys.get_secret_value(), self.master_key)

    @cached_property
    def pace(self) -> Pace:
        """How fast and how patiently messages are sent."""
        return Pace(
            poll=timedelta(seconds=self.poll_seconds),
            claim=timedelta(seconds=self.in_doubt_after_seconds),
            retry=Retry(
                first=timedelta(seconds=self.retry_first_seconds),
                longest=timedelta(seconds=self.retry_longest_seconds),
                give_up=timedelta(hours=self.give_up_hours),
            ),
        )
