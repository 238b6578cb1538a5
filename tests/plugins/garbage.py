"""A pytest plugin: Python's garbage collector leaves alone what a test process imports and collects, which stays."""

import gc

from billflow.api.garbage_collection import set_apart

YOUNG = 100_000
"""Objects made before it looks at the young ones while imports make more: the looks took a tenth of starting."""

gc.set_threshold(YOUNG, *gc.get_threshold()[1:])


def pytest_collection_finish() -> None:
    """Keep what starting has made out of its sight."""
    set_apart()
