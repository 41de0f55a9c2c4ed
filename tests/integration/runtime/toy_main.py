"""The toy as a process: `python -m integration.runtime.toy_main`."""

from integration.runtime import toy
from lendstream.runtime.service import Service, run
from lendstream.runtime.settings import ServiceSettings
from lendstream.topics import CALENDAR, PAYMENT

if __name__ == "__main__":
    run(
        Service(
            name="servicing",
            settings=ServiceSettings(),
            topics=(PAYMENT, CALENDAR),
            routes=toy.ROUTES,
            migrations=toy.MIGRATIONS,
            day=toy.DAY,
        )
    )
