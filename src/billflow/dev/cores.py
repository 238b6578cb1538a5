"""What a stack on one machine takes of its cores."""

import os

_MOST = 4
"""Processes of a worker that nobody asked for: each needs some 150 MB."""


def worker_processes() -> int:
    """Return how many processes of a worker this machine has cores for, beside the servers: one for two cores."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(_MOST, cores // 2))
