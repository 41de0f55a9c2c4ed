"""What the parts of a running service share."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lendstream.runtime.settings import ServiceSettings
from lendstream.runtime.sql import Pool

if TYPE_CHECKING:
    from lendstream.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class Runtime:
    """Given to a service's API and background tasks."""

    name: str
    """The service's name."""
    settings: ServiceSettings
    """Its settings."""
    pool: Pool
    """Connections to its database."""
    unit_of_work: "UnitOfWork"
    """For commands, and for whatever else must be saved together with its events."""
