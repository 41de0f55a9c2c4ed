"""The fixtures that every test may use: a real Kafka and a real PostgreSQL."""

pytest_plugins = ["lendstream_local.testing"]
