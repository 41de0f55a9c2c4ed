"""The settings that services share: environment variables with the prefix LENDSTREAM_."""

import json
import sys
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from lendstream.runtime.auth import Digest, Holders, TokenHolder


def from_json(value: Any) -> Any:
    """A setting that is JSON. Raises ValueError."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError("must be JSON") from None


_HOLDERS = TypeAdapter(dict[Digest, TokenHolder])


class KafkaSettings(BaseSettings):
    """What every process needs."""

    model_config = SettingsConfigDict(env_prefix="LENDSTREAM_", frozen=True, extra="ignore")

    kafka_bootstrap: str = Field(default="127.0.0.1:9092", description="Addresses of brokers, as host:port,host:port.")
    http_host: str = Field(default="127.0.0.1", description="The address that probes, metrics and the API listen on.")
    http_port: int = Field(default=8080, ge=0, le=65535, description="Their port.")
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR.")
    log_format: str = Field(
        default="json", pattern="^(json|console)$", description="json for machines, console for people."
    )


class ServiceSettings(KafkaSettings):
    """What a service with a database needs."""

    database_url: str = Field(
        description="The service's own PostgreSQL database, as postgresql://user:password@host:port/name."
    )
    consumer_group: str = Field(default="", description="The consumer group; lendstream-<service>, if left empty.")
    lender: str = Field(default="lendstream", description="The lender whose business days count.")
    time_zone: str = Field(default="Asia/Shanghai", description="The lender's time zone.")
    batch_size: int = Field(default=500, ge=1, le=10_000, description="The most records in one transaction.")
    gather_ms: int = Field(
        default=50, ge=1, le=1000, description="How many milliseconds few records wait for others to share a batch."
    )
    day_chunk: int = Field(default=100, ge=1, le=10_000, description="Aggregates in one transaction of a day's walk.")
    pool_size: int = Field(default=8, ge=4, le=100, description="Database connections of the process.")
    statement_timeout_seconds: float = Field(default=60, gt=0, description="The longest a single statement may take.")
    max_consecutive_dead_letters: int = Field(
        default=25, ge=1, description="So many dead letters in a row stop the consumer: something else is broken."
    )
    max_dead_letter_ratio: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="A larger share of dead letters in the last 1,000 records stops the consumer.",
    )
    api_tokens: Annotated[dict[Digest, TokenHolder], NoDecode, BeforeValidator(from_json)] = Field(
        default={},
        description='Who may use the HTTP API: JSON, {"<SHA-256 of the token, hex>": {"name": "mei", "scopes":'
        ' ["operator"]}}; scopes: reader, operator, admin. Without any, the API answers nobody.',
    )
    api_tokens_file: Path | None = Field(default=None, description="A file of more such JSON, as a mounted secret.")

    @model_validator(mode="after")
    def _file_is_usable(self) -> Self:
        _ = self.token_holders
        return self

    @cached_property
    def token_holders(self) -> Holders:
        """Who may use the HTTP API, by the digests of their tokens."""
        if self.api_tokens_file is None:
            return self.api_tokens
        try:
            return self.api_tokens | _HOLDERS.validate_json(self.api_tokens_file.read_bytes())
        except OSError as error:
            raise ValueError(f"LENDSTREAM_API_TOKENS_FILE cannot be read: {error.strerror}") from None
        except ValidationError as error:
            faults = {each["msg"] for each in error.errors(include_url=False, include_input=False)}
            raise ValueError(f"LENDSTREAM_API_TOKENS_FILE is not usable: {'; '.join(sorted(faults))}") from None

    @cached_property
    def zone(self) -> ZoneInfo:
        """The lender's time zone."""
        return ZoneInfo(self.time_zone)


S = TypeVar("S", bound=KafkaSettings)


def load(kind: type[S]) -> S:
    """The settings of the environment; ends the process with a line for each variable that is missing or wrong."""
    try:
        return kind()
    except ValidationError as error:
        sys.exit("\n".join(_explained(kind, error)))


def _explained(kind: type[KafkaSettings], error: ValidationError) -> list[str]:
    """What is wrong, variable by variable; never their values, which may be secrets."""
    prefix = kind.model_config["env_prefix"]
    lines = []
    for each in error.errors(include_url=False, include_input=False, include_context=False):
        variable = f"{prefix}{each['loc'][0]}".upper() if each["loc"] else "settings"
        field = kind.model_fields.get(str(each["loc"][0])) if each["loc"] else None
        said = "is not set" if each["type"] == "missing" else each["msg"]
        lines.append(f"{variable}: {said}. {field.description if field else ''}".rstrip())
    return lines
