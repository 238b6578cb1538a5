"""How much a worker holds of workflows that left its memory, before the garbage collector looks for them."""

import subprocess
import sys

import pytest

from billflow.api.garbage_collection import OFTEN, SELDOM

CACHED, EVICTED, OBJECTS = 1_000, 20_000, 125
LEFT = f"""
import sys
from collections import deque
from billflow.api.garbage_collection import set_apart

class Workflow:
    alive = 0
    def __init__(self):
        Workflow.alive += 1
        self.objects = [[self] for _ in range({OBJECTS})]
    def __del__(self):
        Workflow.alive -= 1

set_apart(int(sys.argv[1]))
cache, most = deque(maxlen={CACHED}), 0
for _ in range({EVICTED}):
    cache.append(Workflow())
    most = max(most, Workflow.alive)
print(most)
"""
"""Workflows are held until others take their place; each refers to itself. Says how many there were at most."""


def most_alive(everything: int) -> int:
    """Return how many of them were in memory at most, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", LEFT, str(everything)], capture_output=True, text=True, check=True, timeout=600
    )
    return int(done.stdout)


@pytest.mark.full
def test_a_worker_holds_few_of_the_workflows_that_left_its_memory() -> None:
    assert most_alive(OFTEN) < 6 * CACHED < 9 * CACHED < most_alive(SELDOM)
