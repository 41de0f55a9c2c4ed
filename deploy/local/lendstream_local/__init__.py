"""A real Kafka and a real PostgreSQL on this machine, without Docker."""

from lendstream_local.errors import NotRunning, StackError
from lendstream_local.stack import Stack, default_home

__all__ = ["NotRunning", "Stack", "StackError", "default_home"]
