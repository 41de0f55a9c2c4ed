"""Make a decision again from what it carries, and say whether it is the same."""

from dataclasses import dataclass

from lendstream.events.decision import ApplicationDecided
from lendstream_risk.domain.assess import assess
from lendstream_risk.domain.rulebook import Rulebook


@dataclass(frozen=True)
class Explanation:
    """A decision beside the one that its own inputs lead to."""

    published: ApplicationDecided
    recomputed: ApplicationDecided
    differences: tuple[str, ...]
    """The fields in which they differ: none, if the decision was made by this policy on these facts."""

    @property
    def same(self) -> bool:
        """Whether the decision is what its inputs lead to."""
        return not self.differences


def explain(decided: ApplicationDecided, rulebook: Rulebook) -> Explanation:
    """Recompute a decision from its question, its position and its policy's version.

    Reasons are compared by code: their texts may have been reworded since.

    Raises:
        UnknownPolicyError: the policy that decided is not among the files.
    """
    again = assess(decided.asked, decided.position, rulebook.version(decided.policy_version), rulebook).decided
    before, now = _comparable(decided), _comparable(again)
    return Explanation(decided, again, tuple(field for field in now if before[field] != now[field]))


def _comparable(decided: ApplicationDecided) -> dict[str, object]:
    return {
        **{name: getattr(decided, name) for name in type(decided).model_fields},
        "reasons": tuple(reason.code for reason in decided.reasons),
    }
