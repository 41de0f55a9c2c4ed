"""Which of the four segments a customer is in: points for facts, added up."""

from bisect import bisect_right
from collections.abc import Mapping

from lendstream.catalogue import CustomerHistory
from lendstream.catalogue import Segment as Grade
from lendstream.events.application import ApplicantFacts
from lendstream.events.decision import CustomerPosition, Segment
from lendstream_risk.domain.policy import Fact, Scorecard

_SEGMENTS: Mapping[tuple[CustomerHistory, Grade], Segment] = {
    (CustomerHistory.NEW, Grade.PRIME): Segment.NEW_PRIME,
    (CustomerHistory.NEW, Grade.INCLUSIVE): Segment.NEW_INCLUSIVE,
    (CustomerHistory.REPEAT, Grade.PRIME): Segment.REPEAT_PRIME,
    (CustomerHistory.REPEAT, Grade.INCLUSIVE): Segment.REPEAT_INCLUSIVE,
}


def points(scorecard: Scorecard, applicant: ApplicantFacts, position: CustomerPosition) -> dict[Fact, int]:
    """The points of each fact known. Without a credit record its facts score nothing."""
    known = _facts(applicant, position)
    return {fact: _row(table, known[fact]) for fact, table in scorecard.points.items() if fact in known}


def segment_of(
    scorecard: Scorecard, applicant: ApplicantFacts, position: CustomerPosition
) -> tuple[CustomerHistory, Grade, Segment]:
    """The customer's history with us, grade, and the segment that both make."""
    total = sum(points(scorecard, applicant, position).values())
    history = CustomerHistory.REPEAT if position.loans_repaid >= scorecard.repeat_from else CustomerHistory.NEW
    grade = Grade.PRIME if total >= scorecard.prime_from else Grade.INCLUSIVE
    return history, grade, _SEGMENTS[history, grade]


def _facts(applicant: ApplicantFacts, position: CustomerPosition) -> dict[Fact, int]:
    facts = {
        Fact.EMPLOYMENT_MONTHS: applicant.finances.employment_months,
        Fact.LOANS_REPAID: position.loans_repaid,
    }
    if bureau := applicant.bureau:
        facts |= {
            Fact.HISTORY_MONTHS: bureau.history_months,
            Fact.OPEN_ACCOUNTS: bureau.open_accounts,
            Fact.DELINQUENCIES_24M: bureau.delinquencies_24m,
            Fact.INQUIRIES_12M: bureau.inquiries_12m,
            Fact.CREDIT_USAGE_PERCENT: _percent(bureau.credit_used, bureau.credit_limit),
        }
    return facts


def _percent(used: int, limit: int) -> int:
    if not used:
        return 0
    return used * 100 // limit if limit else 100


def _row(table: Mapping[int, int], value: int) -> int:
    starts = list(table)
    return table[starts[bisect_right(starts, value) - 1]]
