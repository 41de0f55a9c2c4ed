"""How far the world got, in figures."""

from collections.abc import Mapping
from dataclasses import dataclass

from lendstream.events.decision import Outcome
from lendstream.events.intake import ApplicationStatus
from lendstream_simulator.latency import Latency
from lendstream_simulator.progress import Progress


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts of distinct things, since the topics began."""

    submitted: int
    """Distinct things that partners sent to be decided: contents of references, and records that are no event."""
    rejected: int
    """Records that were rejected, of every kind."""
    received: int
    approved: int
    declined: int
    accepted: int
    withdrawn: int
    expired: int
    loans: int
    payouts: int
    """Loans paid out."""
    failed_payouts: int
    closed: int
    payments: int
    """Distinct payments made, those for unknown loans included."""
    applied: int
    payments_by_habit: Mapping[str, int]
    """By the habit behind them; of this process alone."""
    mails: int
    texts: int
    to_decision: Latency
    """From submission to decision, by application."""
    to_loan: Latency
    """From submission to loan, by application."""


def statistics(progress: Progress, by_habit: Mapping[str, int], mails: int, texts: int) -> Statistics:
    """The figures at this moment."""
    answers, outcomes = progress.answers, list(progress.outcomes.values())
    statuses = list(answers.statuses.values())
    return Statistics(
        submitted=len(answers.unreadable) + sum(len(each.contents) for each in answers.submissions.values()),
        rejected=len(answers.rejections),
        received=len(progress.received),
        approved=outcomes.count(Outcome.APPROVED),
        declined=outcomes.count(Outcome.DECLINED),
        accepted=len(progress.accepted),
        withdrawn=sum(ApplicationStatus.WITHDRAWN in each for each in statuses),
        expired=sum(ApplicationStatus.EXPIRED in each for each in statuses),
        loans=len(progress.loans),
        payouts=len(progress.disbursed),
        failed_payouts=len(progress.failed),
        closed=len(progress.closed),
        payments=len(progress.payments),
        applied=len(progress.applied),
        payments_by_habit=dict(by_habit),
        mails=mails,
        texts=texts,
        to_decision=progress.stopwatch.to_decision,
        to_loan=progress.stopwatch.to_loan,
    )
