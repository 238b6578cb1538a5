"""Each query of the dashboards and alerts is about metrics and labels that a running stack has, and finds something."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
from prometheus_client.parser import text_string_to_metric_families

from billflow.domain.commands import SwitchToAnnual
from tests.monitoring.causes import stripe_is_away
from tests.monitoring.promtool import Incident, Scrape, alerts, assert_answered, needs_promtool
from tests.monitoring.stack import Monitored
from tests.source import ROOT

FILES = sorted((ROOT / "deploy" / "grafana").glob("*.json"))
PROMETHEUS = {"up": {"job", "instance"}}
"""What Prometheus adds to what it reads."""

NOT_YET = {"temporal_workflow_task_execution_failed_total", "temporal_sticky_cache_miss_total"}
"""On the page about monitoring, and there once a task has failed, and one's workflow was not in memory any more."""


def panels(file: Path) -> Iterator[dict[str, Any]]:
    yield from json.loads(file.read_text())["panels"]


def queries() -> dict[str, str]:
    """Return the queries by where they are."""
    of_panels = {
        f"{file.stem}: {panel['title']} {target['refId']}": target["expr"]
        for file in FILES
        for panel in panels(file)
        for target in panel["targets"]
    }
    return of_panels | {name: rule["expr"] for name, rule in alerts().items()}


def selectors(query: str) -> dict[str, set[str]]:
    """Return the metrics that a query reads, each with the labels that it is chosen or grouped by."""
    grouped = {label for names in re.findall(r"\bby \(([^)]*)\)", query) for label in names.split(", ")}
    found: dict[str, set[str]] = {}
    for selector in _selectors(promql_parser.parse(query)):
        found.setdefault(selector.name, set()).update(one.name for one in selector.matchers.matchers)
        found[selector.name] |= grouped
    return found


def _selectors(node: Any) -> Iterator[Any]:
    """Yield the selectors below a node of a parsed query."""
    if isinstance(node, promql_parser.VectorSelector):
        yield node
        return
    for name in ("expr", "lhs", "rhs", "vector_selector", "args"):
        held = getattr(node, name, None)
        for child in held if isinstance(held, list) else [held]:
            if child is not None:
                yield from _selectors(child)


def exposed(text: str) -> dict[str, set[str]]:
    """Return the labels of every sample of what `/metrics` said, with those that Prometheus adds."""
    found: dict[str, set[str]] = {name: set(labels) for name, labels in PROMETHEUS.items()}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {"job", "instance"}).update(sample.labels)
    return found


@pytest.fixture(scope="module")
async def incident(monitored: Monitored) -> Incident:
    """Return what `/metrics` said before and after plans were bought, one while Stripe was away for a moment."""
    with pytest.MonkeyPatch.context() as patch:
        before = (await stripe_is_away(monitored, patch)).before
    env = monitored.env
    plan = await env.plan(await env.subscriber())
    await env.command(plan, SwitchToAnnual())
    async with env.client(await env.key()) as client:
        (await client.get("/api/v1/plans")).raise_for_status()
    return Incident(before, Scrape(await monitored.metrics()))


@pytest.mark.full
def test_every_metric_and_label_of_a_query_is_there(incident: Incident) -> None:
    there = exposed(incident.after.text or "") | {"billflow_plans_on_hold": {"code"}}
    read = {where: selectors(query) for where, query in queries().items()}

    assert len(read) > 30
    assert all(read.values()), read
    unknown = {
        where: (metric, labels - there.get(metric, set()))
        for where, found in read.items()
        for metric, labels in found.items()
        if metric not in there or labels - there[metric]
    }
    assert unknown == {}


@pytest.mark.full
@needs_promtool
def test_every_query_of_a_dashboard_finds_something(incident: Incident, tmp_path: Path) -> None:
    asked = {where: query for where, query in queries().items() if ":" in where and "plans_on_hold" not in query}

    assert_answered(asked, incident, tmp_path)


@pytest.mark.full
def test_the_page_names_metrics_of_the_sdk_that_are_there(incident: Incident) -> None:
    page = (ROOT / "docs" / "monitoring.md").read_text()
    rows = re.findall(r"^\| ((?:`temporal_\w+`(?:, )?)+) \| (\w+) \|", page, re.MULTILINE)
    named = {name: kind for names, kind in rows for name in re.findall(r"`(\w+)`", names)}
    there = {
        name: family.type
        for family in text_string_to_metric_families(incident.after.text or "")
        for name in (family.name, f"{family.name}_total")
    }

    assert len(named) > 8
    assert {name: there.get(name) for name in named.keys() - NOT_YET} == {
        name: kind for name, kind in named.items() if name not in NOT_YET
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_dashboard_asks_whichever_prometheus_is_chosen_and_has_no_two_panels_of_one_name(file: Path) -> None:
    found = list(panels(file))
    sources = {target["datasource"]["uid"] for panel in found for target in panel["targets"]}

    assert sources == {"${datasource}"}
    assert len({panel["title"] for panel in found}) == len({panel["id"] for panel in found}) == len(found) == 12
