"""What is owed, by replaying the events: a loan is closed when, and only when, nothing is left of it."""

from collections.abc import Iterator

from lendstream.events.loan import LoanChargedOff
from lendstream_simulator.facts import Facts
from lendstream_simulator.findings import Deliveries, Fault, Finding, Rule, at_most_one
from lendstream_simulator.lives import Life, lives


def closings(facts: Facts, _: Deliveries) -> Iterator[Finding]:
    """A closed loan owes nothing, by replay and by its own last word; one that owes nothing is closed."""
    for life in lives(facts).values():
        if life.closed and life.owed != 0:
            yield Finding(Fault.WRONG, "a closed loan owes nothing", f"loan {life.loan_id}: principal {life.owed}")
        if life.closed and life.stated_total:
            yield Finding(Fault.WRONG, "a closed loan owes nothing", f"loan {life.loan_id}: {life.stated_total} in all")
        if life.out_of_turn:
            yield Finding(Fault.WRONG, "a loan is closed and reopened in turn", f"loan {life.loan_id}")
        if life.stated_total == 0 and not life.closed and not _may_be_drawn(life):
            yield Finding(Fault.LOST, "a loan that owes nothing is closed", f"loan {life.loan_id}")


def statements(facts: Facts, _: Deliveries) -> Iterator[Finding]:
    """The principal that the last event states is what replaying all of them leaves."""
    for life in lives(facts).values():
        if life.stated_principal not in (None, life.owed) and not _tranches_to_come(life):
            about = f"loan {life.loan_id}: {life.stated_principal} stated, {life.owed} by the events"
            yield Finding(Fault.WRONG, "the principal stated is the principal owed", about)


def charge_offs(facts: Facts, _: Deliveries) -> Iterator[Finding]:
    """A loan is given up once, all of the principal that stood in the books."""
    yield from at_most_one("one charge-off a loan", [each.loan_id for each in facts.data(LoanChargedOff)])
    for life in lives(facts).values():
        if life.charged_off and life.booked != 0:
            about = f"loan {life.loan_id}: {life.booked} left"
            yield Finding(Fault.WRONG, "a charge-off gives up all principal", about)


def _may_be_drawn(life: Life) -> bool:
    """A credit line stays open while nothing is drawn."""
    return life.opened is not None and life.opened.limit > 0


def _tranches_to_come(life: Life) -> bool:
    """A schedule has the principal of tranches that are not paid out yet."""
    return life.opened is not None and not life.opened.limit and life.lent < life.opened.principal


OWED_RULES = (Rule(closings), Rule(statements), Rule(charge_offs, "charge-offs", (LoanChargedOff,)))
