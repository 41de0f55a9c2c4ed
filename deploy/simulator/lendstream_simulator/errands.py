"""What borrowers and the operator do over HTTP: it becomes records, or a request that servicing tells of."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from lendstream.envelope import Envelope, Record
from lendstream.events.base import Event
from lendstream.events.calendar import BusinessDayStarted
from lendstream.events.loan import HardshipRequested, LoanRescheduled, RescheduleReason
from lendstream_simulator.borrowers import Borrowers, Errand, Wish
from lendstream_simulator.desk import PLANS, Desk
from lendstream_simulator.seeded import draw, identifier

_DETAIL = {
    "illness": "in hospital since last week",
    "job_loss": "the factory has closed",
    "family_event": "the father has died",
}


class Operator:
    """Answers each request for relief with a plan; one that servicing did not take is tried again on the next day."""

    def __init__(self) -> None:
        self._today: date | None = None
        self._open: dict[UUID, HardshipRequested] = {}
        self._tried: set[tuple[UUID, date | None]] = set()
        self._granted: set[UUID] = set()
        """Loans."""

    def see(self, record: Record, envelope: Envelope[Event] | None) -> None:
        """Fold requests, restructures and days."""
        if envelope is None:
            return
        match envelope.data:
            case HardshipRequested() as asked:
                self._open[asked.request_id] = asked
            case LoanRescheduled(reason=RescheduleReason.RESTRUCTURE, loan_id=loan_id):
                self._granted.add(loan_id)
            case BusinessDayStarted(day=day):
                self._today = max(day, self._today or day)

    def due(self) -> list[Record]:
        """Nothing: an operator uses the API."""
        return []

    def to_answer(self) -> list[HardshipRequested]:
        """Requests without a plan, each once a day."""
        waiting = [
            each
            for each in self._open.values()
            if each.loan_id not in self._granted and (each.request_id, self._today) not in self._tried
        ]
        self._tried |= {(each.request_id, self._today) for each in waiting}
        return waiting


@dataclass(slots=True)
class Errands:
    """Runs the errands of the day at servicing's desk."""

    seed: int
    borrowers: Borrowers
    operator: Operator
    desk: Desk

    async def run(self) -> list[Record]:
        """Do all that is wanted now; the payments that came of it are to be published.

        When nobody is at the desk, the rest is left for another day: the outside world goes on meanwhile.
        """
        records: list[Record] = []
        self.desk.away = False
        for wish in list(self.borrowers.wishes()):
            if not self.desk.away:
                records += await self._do(wish)
        for asked in self.operator.to_answer():
            if not self.desk.away:
                key = str(identifier("restructure", asked.request_id))
                await self.desk.restructure(asked.loan_id, asked.circumstance, key)
        return records

    async def _do(self, wish: Wish) -> list[Record]:
        if wish.errand is Errand.PAY_OFF:
            amount = await self.desk.payoff(wish.loan_id, wish.day)
            return [] if amount is None else self.borrowers.pay_off(wish, amount)
        circumstance = draw(self.seed, "circumstance", wish.loan_id).choice(list(PLANS))
        key = str(identifier("hardship", wish.loan_id))
        await self.desk.hardship(wish.loan_id, circumstance, _DETAIL[circumstance], key)
        return []
