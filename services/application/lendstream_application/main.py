"""The composition root of the service."""

from functools import partial
from pathlib import Path

from fastapi import APIRouter

from lendstream import catalogue
from lendstream.events.application import ApplicationReceived
from lendstream.runtime.service import Runtime, Service, run
from lendstream.runtime.settings import load
from lendstream.topics import CALENDAR, DECISION, INTAKE, LOAN

from . import api, erasure
from .domain.model import Desk
from .domain.rejection import rejected
from .handlers import expiry, routes
from .observers import observe_received
from .settings import ApplicationSettings
from .store import Applications, Customers
from .sweep import keep_asking

MIGRATIONS = Path(__file__).parent / "migrations"


def build(settings: ApplicationSettings) -> Service:
    """Put the service together."""
    applications, customers = Applications(), Customers()
    desk = Desk(
        catalogue.load(),
        settings.vault,
        settings.identity_secret.get_secret_value().encode(),
        settings.decision_patience,
    )

    def http(runtime: Runtime) -> APIRouter:
        both = APIRouter()
        both.include_router(api.router(runtime, applications, settings.partner_tokens))
        both.include_router(erasure.router(runtime, customers, settings.token_holders))
        return both

    return Service(
        name="application",
        settings=settings,
        topics=(INTAKE, DECISION, LOAN, CALENDAR),
        routes=routes(desk, applications, customers),
        migrations=MIGRATIONS,
        day=expiry(applications),
        answer_invalid=rejected,
        api=http,
        background=(partial(keep_asking, applications=applications, patience=settings.decision_patience),),
        published={ApplicationReceived: observe_received},
    )


def main() -> None:
    """Run the service."""
    run(build(load(ApplicationSettings)))


if __name__ == "__main__":
    main()
