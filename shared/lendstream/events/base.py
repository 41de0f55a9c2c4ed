"""What every event shares: the base model and the field types of the contract.

Money is an integer of minor units (fen for CNY) beside an ISO 4217 currency; a rate is a decimal string
("0.18" is 18 % a year); dates are ISO 8601; times are UTC. Readers ignore fields they do not know, so a
newer minor version of a writer never breaks them.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

MAX_MINOR_UNITS = 10**12
"""The largest amount any event carries: ten thousand million yuan. More is a slip of the keyboard."""


class Model(BaseModel):
    """A part of an event: immutable, unknown fields ignored, no silent conversion between types."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, use_attribute_docstrings=True)


class Event(Model):
    """A fact or a request that is published on a topic. Its type on the wire is the name of its class."""


def _rate_from_text(value: Any) -> Any:
    """A rate arrives as text: a JSON number has already lost its exact digits."""
    if isinstance(value, str):
        try:
            return Decimal(value)
        except ArithmeticError as error:
            raise ValueError('must be a decimal string such as "0.18"') from error
    if isinstance(value, Decimal):
        return value
    raise ValueError('must be a decimal string such as "0.18", not a number')


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


MinorUnits = Annotated[
    int,
    Field(
        ge=0,
        le=MAX_MINOR_UNITS,
        description="An amount in minor units of its currency (fen for CNY).",
        examples=[128_050],
    ),
]
PositiveMinorUnits = Annotated[
    int,
    Field(
        gt=0, le=MAX_MINOR_UNITS, description="An amount above zero in minor units of its currency.", examples=[500_000]
    ),
]
Currency = Annotated[
    str, Field(pattern=r"^[A-Z]{3}$", description="The ISO 4217 code of the amounts' currency.", examples=["CNY"])
]
Rate = Annotated[
    Decimal,
    BeforeValidator(_rate_from_text, json_schema_input_type=str),
    Field(
        ge=0,
        le=10,
        max_digits=12,
        description="A yearly rate as a decimal string: 0.18 is 18 % a year.",
        examples=["0.18"],
    ),
    PlainSerializer(str, return_type=str, when_used="json"),
]
Timestamp = Annotated[
    AwareDatetime,
    AfterValidator(_utc),
    Field(description="A moment in UTC, RFC 3339.", examples=["2026-03-02T08:15:30.120Z"]),
]
Reference = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$",
        description="The partner's own number of the application: unique within the partner, and the record's key.",
        examples=["SHOP-2026-000123"],
    ),
]
PartnerName = Annotated[
    str,
    Field(
        min_length=2,
        max_length=40,
        pattern=r"^[a-z0-9][a-z0-9-]*$",
        description="The channel partner's name, as in the names of its topics.",
        examples=["phone-shop"],
    ),
]
ProductCode = Annotated[
    str,
    Field(
        min_length=1,
        max_length=40,
        pattern=r"^[a-z0-9-]+$",
        description="The product's code in the catalogue.",
        examples=["cash-small"],
    ),
]
InstalmentCount = Annotated[
    int,
    Field(
        ge=1,
        le=480,
        description="The number of instalments (the tenor, for monthly products in months).",
        examples=[12],
    ),
]
ShortText = Annotated[str, Field(max_length=200)]
