"""Whether anything was lost or doubled, by the topics and the providers' journals alone. Pure.

    audit(await read_topics(bootstrap), deliveries(folder)).findings

The same event twice (one ce_id) is a redelivery, which readers drop, and no finding; two events that say the same
with ids of their own are. Run it on a settled platform: what is still under way looks lost.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lendstream.envelope import Record
from lendstream_simulator.checks import RULES
from lendstream_simulator.facts import Facts
from lendstream_simulator.findings import Finding
from lendstream_simulator.journal import Delivery
from lendstream_simulator.tally import Balance, balances, counts


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found, and what there was."""

    findings: tuple[Finding, ...]
    """Everything lost, doubled or contradictory."""
    counts: Mapping[str, int]
    """Distinct events by type, redeliveries, dead letters by service, deliveries."""
    balances: tuple[Balance, ...]
    """The books: what must be equal."""
    unchecked: tuple[str, ...] = ()
    """What could not be looked at, because nothing of its kind is on the topics: `journals: no JournalPosted`."""

    @property
    def ok(self) -> bool:
        """Whether nothing was found and the books balance."""
        return not self.findings and all(each.even for each in self.balances)


def audit(records: Iterable[Record], deliveries: Iterable[Delivery] | None = None) -> Audit:
    """Check everything; without deliveries (None) the messages are checked by their events alone."""
    facts = Facts.of(records)
    delivered = None if deliveries is None else tuple(deliveries)
    unchecked = {rule: why for rule in RULES if (why := rule.unchecked(facts))}
    findings = [finding for rule in RULES if rule not in unchecked for finding in rule.check(facts, delivered)]
    silent = tuple(dict.fromkeys(unchecked.values()))
    return Audit(tuple(findings), counts(facts, delivered), balances(facts, delivered), silent)
