"""Messages: no key is sent twice, by the events and by what really reached people."""

from collections.abc import Iterator

from lendstream.events.notification import NotificationFailed, NotificationSent, NotificationSkipped
from lendstream_simulator.facts import Facts
from lendstream_simulator.findings import Check, Deliveries, Fault, Finding, at_most_one


def outcomes(facts: Facts, _: Deliveries) -> Iterator[Finding]:
    """A message is sent, skipped or failed: one of them, once."""
    sent = [each.message_key for each in facts.data(NotificationSent)]
    skipped = [each.message_key for each in facts.data(NotificationSkipped)]
    failed = [each.message_key for each in facts.data(NotificationFailed)]
    yield from at_most_one("one outcome a message key", [*sent, *skipped, *failed])


def arrivals(facts: Facts, deliveries: Deliveries) -> Iterator[Finding]:
    """A message that is said to be sent has arrived once, and one that arrived is not said to be skipped."""
    if deliveries is None:
        return
    arrived = {each.key for each in deliveries}
    sent = {each.message_key for each in facts.data(NotificationSent)}
    unsure = {each.message_key for each in facts.data(NotificationFailed)}
    yield from at_most_one("one delivery a message key", [each.key for each in deliveries])
    yield from (Finding(Fault.LOST, "what is sent arrives", key) for key in sorted(sent - arrived))
    yield from (Finding(Fault.UNFOUNDED, "what arrives was sent", key) for key in sorted(arrived - sent - unsure))


MESSAGE_CHECKS: tuple[Check, ...] = (outcomes, arrivals)
