"""What a serving process does about Python's garbage collector, whose full look at everything takes 0.3 seconds."""

import gc

YOUNG = 20_000
"""Objects made before the collector looks at the young ones: a page of customers makes some 15,000."""
SELDOM, OFTEN = 10, 2
"""After how many looks at what is older the collector looks at everything, for a process that answers and for a worker.

What a workflow leaves when it leaves a worker's memory, 125 objects and 25 KB that refer to each other, no other look
finds. Of a thousand workflows in memory 10,000 were left before a look that comes seldom, and 4,000 before one that
comes often (`tests/api/test_garbage_collection.py`).
"""


def set_apart(everything: int = SELDOM) -> None:
    """Keep what starting has made out of the collector's sight; call it once everything is built.

    *everything* is how often it looks at all that is made later.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, gc.get_threshold()[1], everything)
