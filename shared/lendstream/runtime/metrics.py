"""Every metric of the platform, with its meaning. Names follow Prometheus: a unit suffix, `_total` for counters."""

from prometheus_client import Counter, Gauge, Histogram

_FAST = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)
_STORY = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10, 30, 60, 300, 3600)

RECORDS = Counter(
    "lendstream_records_total",
    "Records taken from a topic, by what became of them: handled, duplicate (the inbox knew it), ignored (not ours), "
    "rejected (answered to the partner), dead_letter.",
    ["topic", "outcome"],
)
CONSUMER_LAG = Gauge(
    "lendstream_consumer_lag_records", "Records on the broker that are not yet taken.", ["topic", "partition"]
)
CONSUMER_STATE = Gauge(
    "lendstream_consumer_running",
    "1 while the consumer takes records, 0 while it waits for infrastructure, -1 when it stopped for good.",
)
CONSUMER_REBUILDS = Counter(
    "lendstream_consumer_rebuilds_total", "Times the consumer was built anew, by reason.", ["reason"]
)
BATCH_SIZE = Histogram(
    "lendstream_batch_records", "Records in one transaction.", buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000)
)
BATCH_SECONDS = Histogram("lendstream_batch_seconds", "From the batch in hand to its commit.", buckets=_FAST)
BATCH_RETRIES = Counter(
    "lendstream_batch_retries_total", "Batches redone, by reason: infrastructure, data.", ["reason"]
)
DEAD_LETTERS = Counter(
    "lendstream_dead_letters_total", "Records sent to the dead letters, by the error's code.", ["topic", "code"]
)
OUTBOX_DEPTH = Gauge("lendstream_outbox_records", "Outbox rows not yet published.")
OUTBOX_AGE = Gauge("lendstream_outbox_age_seconds", "Age of the oldest outbox row not yet published.")
OUTBOX_BLOCKED = Gauge("lendstream_outbox_blocked_topics", "Topics that outbox rows wait for, since they do not exist.")
RELAYED = Counter("lendstream_relayed_records_total", "Outbox rows published and acknowledged by all replicas.")
RELAY_ACTIVE = Gauge(
    "lendstream_relay_active", "1 in the instance that publishes the outbox, 0 in those that stand by."
)
DAY_CURRENT = Gauge(
    "lendstream_business_day", "The last business day closed by this service, as a proleptic ordinal (date.toordinal)."
)
DAY_AGGREGATES = Counter(
    "lendstream_day_aggregates_total", "Aggregates walked through a day, by outcome: done, set_aside.", ["outcome"]
)
DAY_SECONDS = Histogram(
    "lendstream_day_seconds",
    "From the start of a day's walk to its close.",
    buckets=(0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200),
)
COMMANDS = Counter(
    "lendstream_commands_total",
    "HTTP commands by outcome: done, repeated, conflict, in_flight, refused.",
    ["command", "outcome"],
)
DECISIONS = Counter("lendstream_decisions_total", "Decisions by outcome.", ["outcome"])
DECISION_REASONS = Counter("lendstream_decision_reasons_total", "Decisions by reason code.", ["outcome", "code"])
STORY_SECONDS = Histogram(
    "lendstream_since_submission_seconds",
    "End-to-end seconds from the applicant's submission to a milestone: received, decided, offered, opened, disbursed.",
    ["milestone"],
    buckets=_STORY,
)
NOTIFICATIONS = Counter(
    "lendstream_notifications_total", "Messages by outcome: sent, skipped, failed.", ["outcome", "kind"]
)
