"""The broker's topics brought to what the registry says: created, widened, configured; never shrunk or deleted.

    changes = await apply_topics("127.0.0.1:9092", ["phone-shop"])

Partners whose topics are on the broker already are kept up to date without being named.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    KafkaError,
    KafkaTimeoutError,
    LeaderNotAvailableError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    for_code,
)

from lendstream.topics import Topic, UnknownTopic, expand, find

_SET_ON_TOPIC = 1  # DescribeConfigs' config_source of a setting made on the topic itself
_NOT_THERE = {UnknownTopicOrPartitionError.errno, LeaderNotAvailableError.errno}
_LOOKS = 600
_BETWEEN_LOOKS = 0.05


class Action(StrEnum):
    """What is done to a topic."""

    CREATE = "create"
    WIDEN = "add partitions"
    CONFIGURE = "configure"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Change:
    """One step of a plan."""

    topic: str
    """The name on the broker."""
    action: Action
    """What is done; LEAVE only tells of a difference."""
    detail: str
    """What exactly, for people."""
    warning: str = ""
    """What to mind, if anything."""
    partitions: int = 0
    """CREATE, WIDEN: the number of partitions afterwards."""
    config: Mapping[str, str] = field(default_factory=dict)
    """CREATE, CONFIGURE: every setting made on the topic afterwards, those outside the registry included."""


@dataclass(frozen=True, slots=True)
class Existing:
    """A topic as the broker has it."""

    partitions: int
    replication: int
    config: Mapping[str, str]
    """All settings in force."""
    own_config: Mapping[str, str]
    """The settings made on the topic itself."""


@asynccontextmanager
async def connected(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client. Raises aiokafka's KafkaConnectionError when no broker is there."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def apply_topics(bootstrap: str, partners: Iterable[str], *, replication: int = 1) -> list[Change]:
    """Bring the broker to what the registry says and return what was done; nothing, if it was so already.

    Args:
        bootstrap: the broker's address, "host:port".
        partners: partners to have topics, beside those that have some.
        replication: copies of each record of new topics; from 3 on a record is confirmed when two brokers have it.

    Raises:
        KafkaError: the broker is away or refuses a step; what was done before stays.
    """
    async with connected(bootstrap) as admin:
        changes = await plan(admin, partners, replication=replication)
        await apply(admin, changes, replication=replication)
        return [change for change in changes if change.action is not Action.LEAVE]


async def plan(admin: AIOKafkaAdminClient, partners: Iterable[str], *, replication: int = 1) -> list[Change]:
    """What would be done, creations first. Changes nothing."""
    names = set(await admin.list_topics())
    wanted = expand({*partners, *partners_of(names)})
    existing = await describe(admin, sorted(names & wanted.keys()))
    changes = [
        change
        for name, topic in wanted.items()
        for change in compare(name, topic, existing.get(name), replication=replication)
    ]
    return sorted(changes, key=lambda change: list(Action).index(change.action))


def partners_of(names: Iterable[str]) -> set[str]:
    """The partners who have topics among these."""
    found = set()
    for name in names:
        try:
            topic, parameter = find(name)
        except UnknownTopic:
            continue
        if topic.parameter == "partner" and parameter:
            found.add(parameter)
    return found


def compare(name: str, topic: Topic, existing: Existing | None, *, replication: int = 1) -> list[Change]:
    """The steps from what the broker has to what the registry says, for one topic."""
    if existing is None:
        config = {**topic.config, **_durability(replication)}
        detail = f"{topic.partitions} partition{'s' if topic.partitions > 1 else ''}, {_shown(config)}"
        return [Change(name, Action.CREATE, detail, partitions=topic.partitions, config=config)]
    changes = []
    if existing.partitions < topic.partitions:
        changes.append(
            Change(
                name,
                Action.WIDEN,
                f"{existing.partitions} → {topic.partitions} partitions",
                "keys move to other partitions: drain the readers first, and rebuild tables that are partitioned alike",
                partitions=topic.partitions,
            )
        )
    elif existing.partitions > topic.partitions:
        detail = f"the broker has {existing.partitions} partitions, the registry {topic.partitions}"
        changes.append(Change(name, Action.LEAVE, detail, "a topic cannot be made narrower; correct the registry"))
    wanted = {**topic.config, **_durability(existing.replication)}
    differing = {key: value for key, value in wanted.items() if existing.config.get(key) != value}
    if differing:
        detail = ", ".join(f"{key}: {existing.config.get(key, '-')} → {value}" for key, value in differing.items())
        config = {**existing.own_config, **differing}
        changes.append(Change(name, Action.CONFIGURE, detail, config=config))
    return changes


async def describe(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, Existing]:
    """Those topics of these names that the broker has."""
    if not names:
        return {}
    found = await admin.describe_topics(list(names))
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    configs = {resource[3]: resource for answer in answers for resource in answer.resources}
    topics = {}
    for each in found:
        code, message, _, name, entries = configs[each["topic"]]
        if {code, each["error_code"]} & _NOT_THERE:
            continue
        _raise_on(code or each["error_code"], f"describe {name}: {message}")
        topics[name] = Existing(
            partitions=len(each["partitions"]),
            replication=min(len(partition["replicas"]) for partition in each["partitions"]),
            config={entry[0]: entry[1] for entry in entries},
            own_config={entry[0]: entry[1] for entry in entries if entry[3] == _SET_ON_TOPIC},
        )
    return topics


async def apply(admin: AIOKafkaAdminClient, changes: Sequence[Change], *, replication: int = 1) -> None:
    """Do the steps of a plan and wait until the broker shows what was done.

    Raises:
        KafkaError: a step is refused; earlier steps stay done.
    """
    by_action: dict[Action, list[Change]] = {action: [] for action in Action}
    for change in changes:
        by_action[change.action].append(change)
    done = by_action[Action.WIDEN] + by_action[Action.CONFIGURE]
    if missing := by_action[Action.CREATE]:
        done += await _create(admin, missing, replication)
    if widened := by_action[Action.WIDEN]:
        await admin.create_partitions({change.topic: NewPartitions(change.partitions) for change in widened})
    if configured := by_action[Action.CONFIGURE]:
        # This request replaces all of a topic's own settings, so a change's config holds them all.
        answers = await admin.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, each.topic, dict(each.config)) for each in configured]
        )
        for code, message, _, name in (resource for answer in answers for resource in answer.resources):
            _raise_on(code, f"configure {name}: {message}")
    await _until_shown(admin, done)


async def _create(admin: AIOKafkaAdminClient, changes: Sequence[Change], replication: int) -> list[Change]:
    """Those created here, and not by somebody else who was quicker."""
    answer: Any = await admin.create_topics(
        [NewTopic(each.topic, each.partitions, replication, topic_configs=dict(each.config)) for each in changes]
    )
    codes = {name: code for name, code, *_ in answer.topic_errors}
    for name, code, *message in answer.topic_errors:
        if code != TopicAlreadyExistsError.errno:
            _raise_on(code, f"create {name}: {', '.join(text for text in message if text)}")
    return [change for change in changes if codes[change.topic] == 0]


async def _until_shown(admin: AIOKafkaAdminClient, changes: Sequence[Change]) -> None:
    """The controller answers before the broker's own picture follows."""
    for _ in range(_LOOKS):
        existing = await describe(admin, [change.topic for change in changes])
        if all(_shows(existing.get(change.topic), change) for change in changes):
            return
        await asyncio.sleep(_BETWEEN_LOOKS)
    raise KafkaTimeoutError("the broker took the changes and does not show them")


def _shows(existing: Existing | None, change: Change) -> bool:
    if existing is None or existing.partitions < change.partitions:
        return False
    return change.action is Action.CREATE or change.config.items() <= existing.config.items()


def _durability(replication: int) -> dict[str, str]:
    return {"min.insync.replicas": "2" if replication >= 3 else "1"}


def _shown(config: Mapping[str, str]) -> str:
    days = int(config["retention.ms"]) // 86_400_000
    kept = (
        "compacted" if config["cleanup.policy"] == "compact" else f"kept {days} days" if days >= 0 else "kept for ever"
    )
    return f"{kept}, records up to {int(config['max.message.bytes']) >> 20} MB"


def _raise_on(code: int, what: str) -> None:
    if code:
        error: type[KafkaError] = for_code(code)
        raise error(f"Could not {what}")
