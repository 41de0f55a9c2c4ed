"""All that a decision is made by: the policies, the reasons' texts and the product catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from lendstream.catalogue import Catalogue, Product
from lendstream.errors import Refused
from lendstream_risk.domain.policy import Policy
from lendstream_risk.domain.reasons import Reasons


class UnknownPolicyError(LookupError):
    """No policy of that version is among the policy files."""


@dataclass(frozen=True)
class Rulebook:
    """Every version of the policy, so that decisions of any day can be made again."""

    policies: Mapping[int, Policy] = field(repr=False)
    """By version; a higher version is valid from a later day."""
    reasons: Reasons = field(repr=False)
    catalogue: Catalogue = field(repr=False)

    def in_force(self, day: date) -> Policy:
        """The policy that decides on a business day.

        Raises:
            Refused: the day lies before the first policy.
        """
        found: Policy | None = None
        for policy in self.policies.values():
            if policy.valid_from <= day:
                found = policy
        if found is None:
            raise Refused(
                "no_policy",
                f"No policy is in force on {day}.",
                field="business_date",
                fix="Add the policy file of that time, or correct the date.",
            )
        return found

    def version(self, number: int) -> Policy:
        """A policy by its version. Raises UnknownPolicyError."""
        try:
            return self.policies[number]
        except KeyError:
            raise UnknownPolicyError(f"no policy version {number}; there are {sorted(self.policies)}") from None

    def product(self, policy: Policy, code: str) -> Product | None:
        """The product in the version that the policy sells, or None if it does not sell it."""
        rules = policy.products.get(code)
        return self.catalogue.product(code, rules.version) if rules else None
