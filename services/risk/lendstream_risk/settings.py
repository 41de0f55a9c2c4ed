"""Risk's settings: environment variables with the prefix LENDSTREAM_."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from lendstream.runtime.settings import KafkaSettings
from lendstream_risk.policies import POLICIES


class RiskSettings(KafkaSettings):
    """What the worker needs beside the broker's address, the probes' port and the logs' level."""

    data_dir: Path = Field(
        default=Path(".lendstream/risk"),
        description="Folder of the worker's local state; every instance needs its own. Losing it loses nothing.",
    )
    store: Literal["memory", "rocksdb"] = Field(
        default="memory",
        description="Where customers' states are held: memory is faster, rocksdb starts faster with many customers.",
    )
    policies: Path = Field(default=POLICIES, description="Folder of the policy files, policy.v<version>.yaml.")
    consumer_group: str = Field(
        default="lendstream-risk",
        pattern=r"^[a-z0-9][a-z0-9.-]{0,60}$",
        description="Consumer group, and first part of the changelog's name: another name builds the state anew.",
    )
    instance: str | None = Field(
        default=None,
        description="A name that this instance keeps over restarts (static membership): its partitions wait for it.",
    )
    replication: int = Field(default=1, ge=1, le=9, description="Replicas of the changelog topic, if risk creates it.")
    max_consecutive_dead_letters: int = Field(
        default=25, ge=1, description="So many dead letters in a row stop the worker: something else is broken."
    )
    max_dead_letter_ratio: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="A larger share of dead letters in the last 1,000 records stops the worker.",
    )
