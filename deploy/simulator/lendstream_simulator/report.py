"""The summary of a run, printed from the topics."""

from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.table import Table

from lendstream.events.loan import Bucket
from lendstream_simulator import picture, portfolio
from lendstream_simulator.audit import Audit
from lendstream_simulator.chart import NAMES
from lendstream_simulator.facts import Facts
from lendstream_simulator.latency import Latency
from lendstream_simulator.story import choose, money, timeline
from lendstream_simulator.tally import Balance

CURRENCY = "CNY"
"""The currency of the demo's products."""
_SHOWN = 20
_NUMBERS = frozenset(
    {
        *("number", "left", "right", "loans", "principal outstanding", "overdue when it came there", "p50", "p99"),
        *("applications", "volume", "average APR", "amount"),
        *("debits", "credits", "debit balance", "credit balance"),
    }
)
"""The headings of columns of figures."""


def print_report(console: Console, facts: Facts, audit: Audit) -> None:
    """Everything the demo shows; no direct identifier of anybody."""
    for table in (
        _funnel,
        _products,
        _methods,
        _reasons,
        _rejections,
        _book,
        _classes,
        _collections,
        _happenings,
        _ledger,
    ):
        console.print(table(facts))
    for table in (_messages, _dead_letters, _latency):
        console.print(table(facts))
    _print_story(console, facts)
    print_audit(console, audit)


def print_audit(console: Console, audit: Audit) -> None:
    """The books, and everything that was found."""
    table = _table("The books", "", "left", "right", "")
    for each in audit.balances:
        verdict = "even" if each.even else "NOT EVEN"
        table.add_row(each.name, _figure(each, each.left), _figure(each, each.right), verdict)
    console.print(table)
    for why in audit.unchecked:
        console.print(f"[yellow]Not checked:[/] {why}", highlight=False)
    if not audit.findings:
        console.print("[green]Audit: nothing lost, nothing doubled.[/]")
        return
    console.print(f"[red]Audit: {len(audit.findings)} findings.[/]")
    for finding in audit.findings[:_SHOWN]:
        console.print(f"  {finding}", markup=False, highlight=False)
    if len(audit.findings) > _SHOWN:
        console.print(f"  and {len(audit.findings) - _SHOWN} more")


def print_desk(console: Console, answers: Mapping[tuple[str, str], int]) -> None:
    """How the calls of servicing's HTTP went; those it does not know were left."""
    rows = ((call, answer, count) for (call, answer), count in sorted(answers.items()))
    console.print(_filled(_table("Asked of servicing over HTTP", "call", "answer", "number"), rows))


def _funnel(facts: Facts) -> Table:
    return _filled(_table("From submission to loan", "", "number"), picture.funnel(facts))


def _products(facts: Facts) -> Table:
    return _lines("Products", "product", portfolio.products(facts))


def _methods(facts: Facts) -> Table:
    return _lines("Ways of repaying", "method", portfolio.methods(facts))


def _lines(title: str, name: str, lines: Sequence[portfolio.Line]) -> Table:
    table = _table(title, name, "applications", "loans", "volume", "average APR")
    for each in lines:
        apr = f"{each.apr * 100:.2f} %" if each.apr is not None else ""
        table.add_row(each.name, str(each.applications), str(each.loans), _cny(each.volume), apr)
    table.caption = f"lent: {sum(each.loans > 0 for each in lines)}"
    return table


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
    table.add_row("charged off", str(book.charged_off), "", "")
    table.add_row("cancelled", str(book.cancelled), "", "")
    table.caption = f"lent in all: {money(book.lent, CURRENCY)}"
    return table


def _classes(facts: Facts) -> Table:
    found = portfolio.classes(facts)
    table = _table("The book by class (五级分类)", "class", "loans", "principal outstanding")
    for each, (loans, principal) in found.items():
        table.add_row(each.value.replace("_", " "), str(loans), _cny(principal))
    if not found:
        table.caption = "servicing tells of no class"
    return table


def _collections(facts: Facts) -> Table:
    found = portfolio.collections(facts)
    table = _table("Direct debits (代扣)", "", "number", "amount")
    if not found.ordered:
        table.caption = "none ordered"
        return table
    table.add_row("ordered", str(found.ordered), "")
    table.add_row("of these again", str(found.retried), "")
    table.add_row("collected", str(found.collected), _cny(found.collected_amount))
    table.add_row("of these by a retry", str(found.collected_by_retry), "")
    for reason, number in sorted(found.failed.items()):
        table.add_row(f"failed: {reason.value.replace('_', ' ')}", str(number), "")
    return table


def _happenings(facts: Facts) -> Table:
    table = _table("Out of the ordinary", "", "number", "amount")
    for what, number, amount in portfolio.happenings(facts):
        table.add_row(what, str(number), _cny(amount) if amount else "")
    if not table.rows:
        table.caption = "none"
    return table


def _ledger(facts: Facts) -> Table:
    accounts = portfolio.trial_balance(facts)
    table = _table("The ledger: trial balance", "account", "", "debits", "credits", "debit balance", "credit balance")
    for each in accounts:
        debit, credit = max(0, each.balance), max(0, -each.balance)
        amounts = [_cny(value) if value else "" for value in (each.debits, each.credits, debit, credit)]
        table.add_row(each.number, NAMES.get(each.number, ""), *amounts)
    if not accounts:
        table.caption = "no journals"
        return table
    table.add_section()
    table.add_row("", "", *map(_cny, portfolio.totals(accounts)))
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


def _cny(amount: int) -> str:
    return money(amount, CURRENCY)


def _figure(balance: Balance, value: int) -> str:
    return money(value, CURRENCY) if balance.money else f"{value:,}"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in _NUMBERS else "left", overflow="fold")
    return table


def _filled(table: Table, rows: Iterable[tuple[object, ...]]) -> Table:
    for row in rows:
        table.add_row(*(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
    if not table.rows:
        table.caption = "none"
    return table
