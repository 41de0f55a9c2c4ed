"""What every test has: a real Kafka and a real PostgreSQL, and property tests that no clock can fail."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["lendstream_local.testing"]

# Several workers share the machine: how long an example took says nothing.
settings.register_profile("lendstream", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("lendstream")
