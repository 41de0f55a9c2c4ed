"""The contract: the pydantic model of every event, one module an aggregate. Which topic each travels on is in
`lendstream.topics`."""

from lendstream.events.base import Event, Model

__all__ = ["Event", "Model"]
