"""The step from what the broker has to what the registry says."""

from collections.abc import Mapping

import pytest

from lendstream.admin import Action, Existing, compare, partners_of
from lendstream.topics import CUSTOMER, INTAKE, LOAN, Topic

DEFAULTS = {"min.insync.replicas": "1", "segment.bytes": "1073741824"}


def existing(
    topic: Topic, config: Mapping[str, str] | None = None, *, partitions: int | None = None, replication: int = 1
) -> Existing:
    """The topic as the registry says, but for what is given."""
    own = {**topic.config, **(config or {})}
    count = topic.partitions if partitions is None else partitions
    return Existing(count, replication, {**DEFAULTS, **own}, own)


def test_a_missing_topic_is_created_with_everything() -> None:
    (change,) = compare("lending.loan.v1", LOAN, None)
    assert (change.action, change.partitions) == (Action.CREATE, 6)
    assert change.config == {**LOAN.config, "min.insync.replicas": "1"}


@pytest.mark.parametrize("topic", [LOAN, CUSTOMER, INTAKE], ids=lambda topic: topic.family)
def test_a_topic_that_is_as_it_should_be_needs_nothing(topic: Topic) -> None:
    assert compare("x", topic, existing(topic)) == []


def test_missing_partitions_are_added_with_a_warning() -> None:
    (change,) = compare("lending.loan.v1", LOAN, existing(LOAN, partitions=2))
    assert (change.action, change.partitions) == (Action.WIDEN, 6)
    assert "keys move" in change.warning


def test_more_partitions_than_wanted_are_told_and_left() -> None:
    (change,) = compare("lending.loan.v1", LOAN, existing(LOAN, partitions=12))
    assert change.action is Action.LEAVE
    assert "12 partitions" in change.detail


def test_a_differing_setting_is_corrected_and_settings_outside_the_registry_stay() -> None:
    (change,) = compare("x", LOAN, existing(LOAN, {"retention.ms": "1000", "segment.bytes": "5"}))
    assert change.action is Action.CONFIGURE
    assert change.detail == "retention.ms: 1000 → -1"
    expected: Mapping[str, str] = {**LOAN.config, "segment.bytes": "5"}
    assert change.config == expected


@pytest.mark.parametrize(("replication", "wanted"), [(1, "1"), (2, "1"), (3, "2"), (5, "2")])
def test_with_three_copies_two_must_confirm(replication: int, wanted: str) -> None:
    (created,) = compare("x", LOAN, None, replication=replication)
    assert created.config["min.insync.replicas"] == wanted
    changes = compare("x", LOAN, existing(LOAN, replication=replication))
    assert [change.detail for change in changes] == (["min.insync.replicas: 1 → 2"] if wanted == "2" else [])


def test_partners_are_known_by_their_topics() -> None:
    names = ["lending.intake.phone-shop.v1", "lending.intake-result.clinic.v1", "lending.dead-letter.risk.v1", "x"]
    assert partners_of(names) == {"phone-shop", "clinic"}
