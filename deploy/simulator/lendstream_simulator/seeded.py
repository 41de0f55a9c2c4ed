"""Chance that can be repeated: what happens depends on the seed and on what it happens to, never on when."""

from hashlib import sha256
from random import Random
from uuid import UUID, uuid5

_NAMESPACE = UUID("6f2b1f5c-53a4-5a0e-8f8b-7d8f4f1f6b02")


def draw(seed: int, *about: object) -> Random:
    """A generator of its own for each thing that chance decides about."""
    digest = sha256("/".join(map(str, (seed, *about))).encode()).digest()
    return Random(int.from_bytes(digest[:8], "big"))


def identifier(*about: object) -> UUID:
    """The same UUID for the same cause, so that an actor that starts again repeats itself instead of doubling."""
    return uuid5(_NAMESPACE, "/".join(map(str, about)))
