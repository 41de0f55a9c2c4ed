"""Records as aiokafka gives them, as Lendstream's."""

from datetime import UTC, datetime

from aiokafka.structs import ConsumerRecord

from lendstream.envelope import Record


def from_kafka(record: ConsumerRecord) -> Record:
    """The broker's record."""
    return Record(
        topic=record.topic,
        key=record.key,
        value=record.value,
        headers=tuple((name, value or b"") for name, value in record.headers),
        partition=record.partition,
        offset=record.offset,
        timestamp=datetime.fromtimestamp(record.timestamp / 1000, UTC),
    )
