"""What is owed, by replaying the events: a loan is closed when, and only when, nothing is left of it."""

from collections.abc import Iterator

from lendstream.events.loan import LoanChargedOff
from lendstream_simulator.facts import Facts
from lendstream_simulator.findings import Deliveries, Fault, Finding, Rule
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
        if life.stated_total == 0 and not life.closed and not _stays_open(life):
            yield Finding(Fault.LOST, "a loan that owes nothing is closed", f"loan {life.loan_id}")


def statements(facts: Facts, _: Deliveries) -> Iterator[Finding]:
    """The principal that the last event states is what replaying all of them leaves."""
    for life in lives(facts).values():
        if life.stated_principal not in (None, life.owed):
            about = f"loan {life.loan_id}: {life.stated_principal} stated, {life.owed} by the events"
            yield Finding(Fault.WRONG, "the principal stated is the principal owed", about)


def charge_offs(facts: Facts, _: Deliveries) -> Iterator[Finding]:
    """A loan is given up with all of the principal that stood in the books, and never more."""
    for life in lives(facts).values():
        if life.charged_off and life.booked != 0:
            about = f"loan {life.loan_id}: {life.booked} left"
            yield Finding(Fault.WRONG, "a charge-off gives up all principal", about)


def _stays_open(life: Life) -> bool:
    """A credit line while nothing is drawn; a loan with tranches to come; one that gave back credit that bounced."""
    more_to_come = life.opened is not None and (life.opened.limit > 0 or life.lent < life.opened.principal)
    return more_to_come or life.refunded > life.credit


OWED_RULES = (Rule(closings), Rule(statements), Rule(charge_offs, "charge-offs", (LoanChargedOff,)))
