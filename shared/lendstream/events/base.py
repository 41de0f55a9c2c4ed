"""What every event shares: the base model and the field types of the contract.

Money is an integer of minor units (fen for CNY) beside an ISO 4217 currency; a rate is a decimal string
("0.18" is 18 % a year); dates are ISO 8601; times are UTC. Readers ignore fields they do not know, so a
newer minor version of a writer never breaks them.
"""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

MAX_MINOR_UNITS = 10**12
"""The largest amount any event carries: ten thousand million yuan. More is a slip of the keyboard."""


class Model(BaseModel):
    """A part of an event: immutable, unknown fields ignored, no silent conversion between types."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, use_attribute_docstrings=True)


class Event(Model):
    """A fact or a request that is published on a topic. Its type on the wire is the name of its class."""


class Command(Model):
    """What one caller asks of one service over HTTP: on no topic, answered at once, refused with every reason.

    Unlike events, whose readers ignore what they do not know, a command with an unknown field is refused: a slip in an
    optional field must not become another command.
    """

    model_config = ConfigDict(extra="forbid")


_RATE = r"[0-9]{1,2}(\.[0-9]{1,12})?"


def _rate_from_text(value: Any) -> Any:
    """A rate arrives as text: a JSON number has already lost its exact digits."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str) and re.fullmatch(_RATE, value):
        return Decimal(value)
    raise ValueError('must be a decimal string such as "0.18"')


def _rate_as_text(value: Decimal) -> str:
    return f"{value:f}"


def _utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("must lie within the years 1 to 9999, in UTC too") from error


# What a field means is its docstring; these say only what all fields of the type share.
MinorUnits = Annotated[
    int,
    Field(ge=0, le=MAX_MINOR_UNITS, examples=[128_050], json_schema_extra={"x-unit": "minor units of the currency"}),
]
SignedMinorUnits = Annotated[
    int,
    Field(
        ge=-MAX_MINOR_UNITS,
        le=MAX_MINOR_UNITS,
        examples=[128_050],
        json_schema_extra={"x-unit": "minor units of the currency"},
    ),
]
"""A difference."""
TotalMinorUnits = Annotated[
    int,
    Field(ge=0, le=2**53 - 1, examples=[1_250_000_000], json_schema_extra={"x-unit": "minor units of the currency"}),
]
"""A sum over a whole book: as large as every JSON reader can hold exactly."""
PositiveMinorUnits = Annotated[
    int,
    Field(gt=0, le=MAX_MINOR_UNITS, examples=[500_000], json_schema_extra={"x-unit": "minor units of the currency"}),
]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["CNY"], json_schema_extra={"x-unit": "ISO 4217 code"})]
Rate = Annotated[
    Decimal,
    Field(ge=0, le=10, max_digits=12),  # before the validator: after it, pydantic would check them in Python
    BeforeValidator(_rate_from_text, json_schema_input_type=str),
    PlainSerializer(_rate_as_text, return_type=str, when_used="json"),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^{_RATE}$",
            "examples": ["0.18"],
            "x-unit": "a year, as a decimal string: 0.18 is 18 %",
        }
    ),
]
Timestamp = Annotated[
    AwareDatetime,
    AfterValidator(_utc),
    Field(examples=["2026-03-02T08:15:30.120Z"], json_schema_extra={"x-unit": "RFC 3339, UTC"}),
]
Reference = Annotated[
    str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$", examples=["SHOP-2026-000123"])
]
"""The partner's own number of the application: unique within the partner, and the record's key."""
PartnerName = Annotated[
    str, Field(min_length=2, max_length=40, pattern=r"^[a-z0-9][a-z0-9-]*$", examples=["phone-shop"])
]
"""The channel partner's name, as in the names of its topics."""
ProductCode = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9-]+$", examples=["cash-small"])]
"""The product's code in the catalogue."""
InstalmentCount = Annotated[int, Field(ge=1, le=480, examples=[12], json_schema_extra={"x-unit": "instalments"})]
"""The number of instalments: the tenor, for monthly products in months."""
ShortText = Annotated[str, Field(max_length=200)]
