"""The page about monitoring names every metric with its type and labels, and no other."""

import re
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from billflow.api.metrics import Metrics
from billflow.api.waiting import Waiting
from tests.source import ROOT

PAGE = ROOT / "docs" / "monitoring.md"
ROW = re.compile(r"^\| `(billflow_\w+)` \| (\w+) \|\s*(.*?)\s*\| (.+) \|$", re.MULTILINE)


def collectors() -> list[Any]:
    registries: list[CollectorRegistry] = [Metrics().registry, Waiting().registry]
    return [collector for registry in registries for collector in registry._collector_to_names]


def in_code() -> dict[str, tuple[str, set[str]]]:
    suffix = {"counter": "_total"}
    return {one._name + suffix.get(one._type, ""): (one._type, set(one._labelnames)) for one in collectors()}


def on_the_page() -> dict[str, tuple[str, set[str]]]:
    rows = ROW.findall(PAGE.read_text())
    return {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels, _ in rows}


def test_the_page_has_every_metric_with_its_type_and_labels() -> None:
    assert on_the_page() == in_code()
    assert len(in_code()) > 15


@pytest.mark.parametrize("forbidden", ["customer", "org", "plan", "invoice", "email", "name"])
def test_no_label_names_anybody(forbidden: str) -> None:
    labels = {label for _, found in in_code().values() for label in found}

    assert not {label for label in labels if forbidden in label.split("_")}
