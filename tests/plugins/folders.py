"""A pytest plugin of `scripts/run_tests.py`: a folder of tests is one worker process's, since it shares a world."""

import pytest
from xdist.scheduler import LoadScopeScheduling

LONGEST_FIRST = (
    *("api", "chaos", "pipeline", "workflows", "console", "cli", "store", "portal", "demo", "collection", "imports"),
    *(
        "versions",
        "customers",
        "stripe_emulator",
        "dev",
        "cutovers",
        "reconciliation",
        "temporal",
        "delivery",
        "losses",
    ),
    *("documents", "domain", "", "runner", "payments", "losses"),
)
"""Folders that begin first, so that none of them runs on alone at the end; `docs/testing.md` has what each takes."""


class FolderScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Hands out whole folders."""

    def _split_scope(self, nodeid: str) -> str:
        return folder_of(nodeid)


def folder_of(nodeid: str) -> str:
    """Return the folder below `tests/` that a test is in, or nothing."""
    parts = nodeid.partition("::")[0].split("/")
    return parts[1] if len(parts) > 2 else ""


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> FolderScheduling:
    """Replace the scheduler that hands out single tests."""
    return FolderScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest folders first, and leave the order within each."""
    ranks = {name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: ranks.get(folder_of(item.nodeid), len(ranks)))
