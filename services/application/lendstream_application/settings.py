"""The service's settings: environment variables with the prefix LENDSTREAM_. No secret has a default."""

from datetime import timedelta
from functools import cached_property
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import NoDecode

from lendstream.events.base import PartnerName
from lendstream.privacy import UnusableKeys, Vault
from lendstream.runtime.auth import digest_of
from lendstream.runtime.settings import ServiceSettings, from_json

Token = Annotated[SecretStr, Field(min_length=16)]


class ApplicationSettings(ServiceSettings):
    """What `application` needs beside the settings that all services share."""

    master_keys: SecretStr = Field(
        description='The master keys that wrap data keys: JSON, id to base64 of 32 bytes, {"2026-01": "..."}.'
        " Keep old ones until every data key is rewrapped. `openssl rand -base64 32` makes one."
    )
    master_key: str | None = Field(
        default=None, description="The id of the master key that wraps new data keys; the last of them, if not set."
    )
    identity_secret: Annotated[SecretStr, Field(min_length=32)] = Field(
        description="At least 32 characters; makes customers' ids from their documents. Never change it: every person "
        "would become another customer."
    )
    partner_tokens: Annotated[dict[PartnerName, Token], NoDecode, BeforeValidator(from_json)] = Field(
        default={},
        description='Who may use the HTTP API: JSON, partner to its token of at least 16 characters, {"shop": "..."}.',
    )
    decision_patience_seconds: float = Field(
        default=30, gt=0, le=86_400, description="After so long without a decision it is asked for again."
    )

    @model_validator(mode="after")
    def _usable(self) -> Self:
        tokens = [token.get_secret_value() for token in self.partner_tokens.values()]
        if len(set(tokens)) < len(tokens) or any(digest_of(token) in self.token_holders for token in tokens):
            raise ValueError("two of partner_tokens and api_tokens are the same; give everyone a token of their own")
        try:
            _ = self.vault
        except UnusableKeys as error:
            raise ValueError(str(error)) from None
        return self

    @cached_property
    def vault(self) -> Vault:
        """Seals with the master keys."""
        return Vault.from_settings(self.master_keys.get_secret_value(), self.master_key)

    @cached_property
    def decision_patience(self) -> timedelta:
        """How long a decision may take before it is asked for again."""
        return timedelta(seconds=self.decision_patience_seconds)
