"""The settings of servicing: environment variables with the prefix LENDSTREAM_."""

from pydantic import Field

from lendstream.runtime.settings import ServiceSettings


class ServicingSettings(ServiceSettings):
    """Beside what every service with a database takes."""

    payout_attempts: int = Field(
        default=3, ge=1, le=20, description="Payouts tried before the loan is cancelled, where the channel may retry."
    )
    currency: str = Field(
        default="CNY", pattern=r"^[A-Z]{3}$", description="The lender's currency: the day's totals always have it."
    )
