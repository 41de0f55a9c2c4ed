"""The summary of a run, printed from the topics."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from lendstream.events.loan import Bucket
from lendstream_simulator import picture
from lendstream_simulator.audit import Audit
from lendstream_simulator.facts import Facts
from lendstream_simulator.latency import Latency
from lendstream_simulator.story import choose, money, timeline
from lendstream_simulator.tally import Balance

CURRENCY = "CNY"
"""The currency of the demo's products."""
_SHOWN = 20


def print_report(console: Console, facts: Facts, audit: Audit) -> None:
    """Everything the demo shows; no direct identifier of anybody."""
    for table in (_funnel(facts), _reasons(facts), _rejections(facts), _book(facts), _messages(facts)):
        console.print(table)
    console.print(_dead_letters(facts))
    console.print(_latency(facts))
    _print_story(console, facts)
    print_audit(console, audit)


def print_audit(console: Console, audit: Audit) -> None:
    """The books, and everything that was found."""
    table = _table("The books", "", "left", "right", "")
    for each in audit.balances:
        verdict = "even" if each.even else "NOT EVEN"
        table.add_row(each.name, _figure(each, each.left), _figure(each, each.right), verdict)
    console.print(table)
    if not audit.findings:
        console.print("[green]Audit: nothing lost, nothing doubled.[/]")
        return
    console.print(f"[red]Audit: {len(audit.findings)} findings.[/]")
    for finding in audit.findings[:_SHOWN]:
        console.print(f"  {finding}", markup=False, highlight=False)
    if len(audit.findings) > _SHOWN:
        console.print(f"  and {len(audit.findings) - _SHOWN} more")


def _funnel(facts: Facts) -> Table:
    return _filled(_table("From submission to loan", "", "number"), picture.funnel(facts))


def _reasons(facts: Facts) -> Table:
    rows = ((outcome.value, each.code, each.zh, each.en, count) for outcome, each, count in picture.reasons(facts))
    return _filled(_table("Decisions by reason", "outcome", "code", "理由", "reason", "number"), rows)


def _rejections(facts: Facts) -> Table:
    return _filled(_table("Rejections by reason", "code", "number"), picture.rejections(facts).most_common())


def _book(facts: Facts) -> Table:
    book = picture.book(facts)
    table = _table("The book", "bucket", "loans", "principal outstanding", "overdue when it came there")
    for bucket in Bucket:
        each = book.buckets[bucket]
        table.add_row(bucket.value, str(each.loans), money(each.principal, CURRENCY), money(each.overdue, CURRENCY))
    table.add_section()
    table.add_row("open", str(book.open), money(book.outstanding, CURRENCY), "")
    table.add_row("closed", str(book.closed), "", "")
    table.add_row("cancelled", str(book.cancelled), "", "")
    table.caption = f"lent in all: {money(book.lent, CURRENCY)}"
    return table


def _messages(facts: Facts) -> Table:
    found = picture.messages(facts)
    rows: list[tuple[object, ...]] = [
        *(("sent", kind, channel, count) for (kind, channel), count in sorted(found.sent.items())),
        *(("cancelled", kind, "paid", count) for kind, count in sorted(found.cancelled.items())),
        *(("skipped", kind, reason, count) for (kind, reason), count in sorted(found.skipped.items())),
        *(("failed", kind, reason, count) for (kind, reason), count in sorted(found.failed.items())),
    ]
    return _filled(_table("Messages", "", "kind", "channel or reason", "number"), rows)


def _dead_letters(facts: Facts) -> Table:
    rows = ((service, reason, count) for (service, reason), count in sorted(picture.dead_letters(facts).items()))
    return _filled(_table("Dead letters", "service", "reason", "number"), rows)


def _latency(facts: Facts) -> Table:
    table = _table("Seconds from submission", "to", "number", "p50", "p99")
    for name, each in (("decision", facts.stopwatch.to_decision), ("loan", facts.stopwatch.to_loan)):
        table.add_row(name, *_percentiles(each))
    return table


def _percentiles(latency: Latency) -> tuple[str, str, str]:
    return str(latency.count), f"{latency.p50:.3f}", f"{latency.p99:.3f}"


def _print_story(console: Console, facts: Facts) -> None:
    customer = choose(facts)
    if customer is None:
        return
    table = _table(f"One borrower's story (customer {str(customer)[:8]}…)", "business day", "at", "topic", "event", "")
    for line in timeline(facts, customer):
        at = f"{line.at:%H:%M:%S.%f}"[:-3] if line.at else ""
        table.add_row(str(line.day or ""), at, line.topic, line.event, line.text)
    console.print(table)


def _figure(balance: Balance, value: int) -> str:
    return money(value, CURRENCY) if balance.money else f"{value:,}"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    numbers = ("number", "left", "right", "loans", "principal outstanding", "overdue when it came there", "p50", "p99")
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    return table


def _filled(table: Table, rows: Iterable[tuple[object, ...]]) -> Table:
    for row in rows:
        table.add_row(*(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
    if not table.rows:
        table.caption = "none"
    return table
