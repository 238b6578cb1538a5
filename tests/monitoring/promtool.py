"""Prometheus' own promtool, fed with what `/metrics` said before and after something went wrong."""

import json
import math
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.source import ROOT

ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yaml"
JOB = 'job="billflow-worker",instance="worker:8001"'

WELL, ILL = 20, 90
"""Minutes that the stack is well, and that it is ill afterwards: longer than any alert waits."""

PROMTOOL = shutil.which("promtool") or ""

needs_promtool = pytest.mark.skipif(
    not PROMTOOL,
    reason="needs promtool, which is part of Debian's package prometheus: apt-get install prometheus",
)


def alerts() -> dict[str, dict[str, Any]]:
    """Return the rules by the names of their alerts."""
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


@dataclass(frozen=True)
class Scrape:
    """The values of all series at a moment, in seconds of Unix time; none where the process did not answer."""

    text: str | None
    at: float = field(default_factory=time.time)

    def values(self) -> dict[str, float]:
        """Return the series by name and labels, with `up` as Prometheus adds it."""
        found = {f"up{{{JOB}}}": 0.0 if self.text is None else 1.0}
        for family in text_string_to_metric_families(self.text or ""):
            for sample in family.samples:
                labels = "".join(f",{name}={json.dumps(value)}" for name, value in sample.labels.items())
                found[f"{sample.name}{{{JOB}{labels}}}"] = sample.value
        return found

    def grows(self) -> set[str]:
        """Return the names of the samples that only grow."""
        families = text_string_to_metric_families(self.text or "")
        found = [one for one in families if one.type in ("counter", "histogram")]
        return {sample.name for one in found for sample in one.samples if not sample.name.endswith("_created")}


@dataclass(frozen=True)
class Incident:
    """What `/metrics` said while all was well, and once something was not.

    What grows goes on growing each minute as it did from one to the other; all else stays as it was found last.
    """

    before: Scrape
    after: Scrape

    def series(self) -> list[dict[str, str]]:
        """Return what promtool reads, a value a minute."""
        before, after, grows = self.before.values(), self.after.values(), self.before.grows() | self.after.grows()
        names = sorted(before.keys() | after.keys())
        return [
            {"series": name, "values": " ".join(self._values(name, before.get(name), after.get(name), grows))}
            for name in names
        ]

    def _values(self, name: str, first: float | None, last: float | None, grows: set[str]) -> Iterator[str]:
        if name.startswith("billflow_counted_timestamp_seconds") and first is not None and last is not None:
            yield from _moments(self.before.at - first, None if last == first else self.after.at - last)
            return
        yield f"_x{WELL}" if first is None else _run(first, 0, WELL)
        if last is None:
            yield f"stale _x{ILL}"
        elif name.partition("{")[0] in grows:
            step = last - (first or 0)
            yield _run((first or 0) + step, step, ILL)
        else:
            yield _run(last, 0, ILL)


def _moments(age: float, later_age: float | None) -> Iterator[str]:
    """Yield moments that were *age* seconds ago; promtool's time begins with 0. With None none is newer later on."""
    yield _run(-age, 60, WELL)
    yield _run(60 * (WELL - 1) - age, 0, ILL) if later_age is None else _run(60 * WELL - later_age, 60, ILL)


def _run(first: float, step: float, minutes: int) -> str:
    if math.isnan(first):
        return " ".join(["NaN"] * minutes)
    return f"{first:.6f}{step:+.6f}x{minutes - 1}"


def firing(alert: str) -> str:
    """Return the query for an alert that fires."""
    return f'ALERTS{{alertname="{alert}", alertstate="firing"}}'


def assert_fires(alert: str, incident: Incident, folder: Path) -> None:
    """Let promtool tell that an alert is quiet while all is well, and fires once it is not."""
    quiet = [{"labels": firing(alert).removeprefix("ALERTS"), "value": 1}]
    fires = [{"labels": "{}", "value": 1}]
    _check(
        folder,
        incident,
        {"expr": f"absent({firing(alert)})", "eval_time": f"{WELL - 1}m", "exp_samples": quiet},
        {"expr": f"count({firing(alert)}) >= bool 1", "eval_time": f"{WELL + ILL - 1}m", "exp_samples": fires},
    )


def assert_answered(queries: Mapping[str, str], incident: Incident, folder: Path) -> None:
    """Let promtool tell that each query finds something once the stack is at work."""
    some = [{"labels": "{}", "value": 1}]
    checks = [
        {"expr": f"count({query}) >= bool 1", "eval_time": f"{WELL + 10}m", "exp_samples": some}
        for query in queries.values()
    ]
    _check(folder, incident, *checks)


def _check(folder: Path, incident: Incident, *checks: Mapping[str, Any]) -> None:
    test = {"interval": "1m", "input_series": incident.series(), "promql_expr_test": list(checks)}
    file = folder / "incident.yaml"
    file.write_text(json.dumps({"rule_files": [str(ALERTS)], "evaluation_interval": "1m", "tests": [test]}))
    ran = subprocess.run([PROMTOOL, "test", "rules", str(file)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
