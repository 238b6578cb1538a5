"""A pytest plugin of `scripts/run_tests.py`: the longest folders of tests come first."""

import pytest

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
    *("documents", "domain", "", "runner", "payments"),
)
"""Folders that begin first, so that none of them runs on alone at the end; `docs/testing.md` has what each takes."""


def folder_of(nodeid: str) -> str:
    """Return the folder below `tests/` that a test is in, or nothing."""
    parts = nodeid.partition("::")[0].split("/")
    return parts[1] if len(parts) > 2 else ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest folders first, and leave the order within each."""
    ranks = {name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: ranks.get(folder_of(item.nodeid), len(ranks)))
