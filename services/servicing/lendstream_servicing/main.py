"""The composition root of servicing."""

import time
from pathlib import Path

from lendstream import catalogue
from lendstream.events.base import Event
from lendstream.events.loan import LoanOpened
from lendstream.runtime import metrics
from lendstream.runtime.service import Service, run
from lendstream.runtime.settings import load
from lendstream.topics import APPLICATION, CALENDAR, DECISION, PAYMENT
from lendstream_servicing.api import api
from lendstream_servicing.day import day_step
from lendstream_servicing.desk import commands
from lendstream_servicing.domain.loan import Policy
from lendstream_servicing.handlers import routes
from lendstream_servicing.ledger import chart, provision_policy
from lendstream_servicing.policy import relief_policy
from lendstream_servicing.settings import ServicingSettings
from lendstream_servicing.store import AccountStore

MIGRATIONS = Path(__file__).parent / "migrations"


def build(settings: ServicingSettings) -> Service:
    """Put the service together. Raises the error of the data file that is at fault: products, books or relief."""
    store = AccountStore()
    ledger_chart, relief = chart(), relief_policy()
    policy = Policy(catalogue.load(), ledger_chart.numbers, settings.payout_attempts)
    return Service(
        name="servicing",
        settings=settings,
        topics=(APPLICATION, DECISION, PAYMENT, CALENDAR),
        routes=(*routes(store, policy), *commands(store, policy, relief)),
        migrations=MIGRATIONS,
        day=day_step(store, policy, settings.lender, settings.currency),
        api=lambda runtime: api(
            runtime, store, settings.token_holders, policy, relief, ledger_chart, provision_policy()
        ),
        published={LoanOpened: _observe_opening},
    )


def _observe_opening(event: Event) -> None:
    if isinstance(event, LoanOpened):
        metrics.STORY_SECONDS.labels("opened").observe(time.time() - event.submitted_at.timestamp())


def main() -> None:
    """Run the service until SIGTERM."""
    run(build(load(ServicingSettings)))


if __name__ == "__main__":
    main()
