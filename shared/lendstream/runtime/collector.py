"""Python's cyclic garbage collector, set for batches: many young objects, none in cycles, all dropped together."""

import gc

_YOUNG = 100_000
"""Objects made beyond those freed before a collection: more than a batch keeps alive at a time."""


def calm() -> None:
    """Leave the memory of batches to reference counting: without this, a third of a batch's time is collections.

    What was loaded at the start is never looked at again; cycles (of tracebacks, say) are still found in the end.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 20)
