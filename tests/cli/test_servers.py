"""What production runs: migrate, worker and api, each found and stopped as a container does it."""

import signal
import time
from pathlib import Path

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from billflow.temporal.queues import BILLFLOW
from tests.cli.terminal import ROOT, Terminal, environment, started, wait_for
from tests.waiting import PATIENCE

pytestmark = pytest.mark.journey


def test_migrating_twice_is_as_good_as_once(terminal: Terminal) -> None:
    migrated = terminal("migrate")

    assert (migrated.code, migrated.err) == (0, "")
    assert migrated.out.splitlines() == [
        "The database is at the newest version.",
        "Temporal knows the search attributes, the schedules and how fast Stripe may be asked.",
    ]


def until_ready(ops_url: str) -> object:
    """Wait until a process has looked at everything it depends on, and return what it says of it."""
    until = time.monotonic() + PATIENCE
    while (answer := httpx.get(f"{ops_url}/readyz", timeout=PATIENCE)).status_code != 200:
        assert time.monotonic() < until, answer.text
        time.sleep(0.05)
    return answer.json()


def slots_of(metrics: str, task_queue: str, worker_type: str) -> float:
    """Return how many tasks a worker could take, by what Temporal's SDK counts."""
    [slots] = [
        sample.value
        for family in text_string_to_metric_families(metrics)
        for sample in family.samples
        if sample.name == "temporal_worker_task_slots_available"
        and (sample.labels["task_queue"], sample.labels["worker_type"]) == (task_queue, worker_type)
    ]
    return slots


def until_idle(ops_url: str) -> str:
    """Wait until a worker could take as many tasks as its settings say, and return its numbers."""
    until = time.monotonic() + PATIENCE
    while not is_idle(metrics := httpx.get(f"{ops_url}/metrics", timeout=PATIENCE).text):
        assert time.monotonic() < until, metrics
        time.sleep(0.05)
    return metrics


def is_idle(metrics: str) -> bool:
    """Tell whether a worker has all the slots of its settings left."""
    waits = slots_of(metrics, "billflow", "WorkflowWorker") == 7
    return waits and slots_of(metrics, "billflow-stripe", "ActivityWorker") == 9


def test_a_worker_answers_operators_and_drains_on_sigterm(stack: Path) -> None:
    slots = {"BILLFLOW_MAX_WORKFLOW_TASKS": "7", "BILLFLOW_MAX_STRIPE_ACTIVITIES": "9"}
    with started("--ops-port", "0", env=environment(stack, **slots), program=[ROOT / "worker.py"]) as worker:
        ops_url = wait_for(worker, "For operators").split()[2]
        wait_for(worker, "Taking work")
        until_ready(ops_url)
        metrics = until_idle(ops_url)
        health = httpx.get(f"{ops_url}/healthz", timeout=PATIENCE).json()
        worker.send_signal(signal.SIGTERM)

        assert "billflow_plans_needing_attention 0.0" in metrics
        assert health.keys() == {"status", "polling", "last_polls", "last_success"}
        assert worker.wait(PATIENCE) == 0


@pytest.mark.full
def test_processes_of_a_worker_are_replaced_watched_and_drained_together(stack: Path) -> None:
    arguments = ("--processes", "2", "--ops-port", "0")
    with started(*arguments, env=environment(stack), program=[ROOT / "worker.py"]) as worker:
        ops_url = wait_for(worker, "For operators").split()[2]
        wait_for(worker, "Taking work")
        victim = children_of(worker.pid, 2)[0]
        victim.kill()
        psutil.wait_procs([victim], timeout=PATIENCE)
        running = children_of(worker.pid, 2)
        until_ready(ops_url)
        until_all_poll(ops_url, 2)
        worker.send_signal(signal.SIGTERM)

        assert worker.wait(PATIENCE) == 0
    assert victim not in running
    assert not any(child.is_running() for child in running)


def until_all_poll(ops_url: str, count: int) -> None:
    """Wait until all processes of a worker ask for the work of every queue, and so many have slots for plans."""
    until = time.monotonic() + PATIENCE
    while True:
        health = httpx.get(f"{ops_url}/healthz", timeout=PATIENCE).json()
        counted = with_slots(httpx.get(f"{ops_url}/metrics", timeout=PATIENCE).text)
        if health["polling"] and len(counted) == count:
            return
        assert time.monotonic() < until, (health, counted)
        time.sleep(0.05)


def with_slots(metrics: str) -> set[str]:
    """Return the processes of a worker that count how many plans they could take on."""
    return {
        sample.labels["process"]
        for family in text_string_to_metric_families(metrics)
        for sample in family.samples
        if sample.name == "temporal_worker_task_slots_available" and sample.labels["task_queue"] == BILLFLOW
    }


def children_of(pid: int, count: int) -> list[psutil.Process]:
    """Wait until a process has that many children that have not ended, and return them."""
    until = time.monotonic() + PATIENCE
    while len(found := [one for one in psutil.Process(pid).children() if one.status() != "zombie"]) != count:
        assert time.monotonic() < until, found
        time.sleep(0.05)
    return found


@pytest.mark.full
def test_the_api_answers_until_it_is_stopped(stack: Path) -> None:
    arguments = ("--port", "0", "--ops-port", "0")
    with started(*arguments, env=environment(stack), program=("-m", "billflow.cli", "api")) as api:
        url = wait_for(api, "http").split()[4].rstrip(";")
        ops_url = wait_for(api, "For operators").split()[2]
        answers = [httpx.get(page, timeout=PATIENCE) for page in (f"{url}/healthz", f"{url}/metrics")]
        ready = until_ready(ops_url)
        metrics = httpx.get(f"{ops_url}/metrics", timeout=PATIENCE).text
        api.send_signal(signal.SIGTERM)

        assert [answer.status_code for answer in answers] == [200, 404]
        assert ready == {"status": "ready", "checks": dict.fromkeys(("postgresql", "temporal", "stripe"), "ok")}
        assert 'billflow_http_requests_total{method="GET",route="none",status="404"} 1.0' in metrics
        assert api.wait(PATIENCE) == 0


@pytest.mark.full
def test_processes_share_the_work_and_one_that_dies_is_replaced(stack: Path) -> None:
    arguments = ("--port", "0", "--ops-port", "0", "--processes", "2")
    with started(*arguments, env=environment(stack), program=("-m", "billflow.cli", "api")) as api:
        url = wait_for(api, "http").split()[4].rstrip(";")
        first = {child.pid: child for child in psutil.Process(api.pid).children()}
        victim = next(iter(first.values()))
        victim.kill()
        psutil.wait_procs([victim], timeout=PATIENCE)
        for _ in range(20):
            assert httpx.get(f"{url}/healthz", timeout=PATIENCE).status_code == 200
        counted = httpx.get(f"{wait_for(api, 'For operators').split()[2]}/metrics", timeout=PATIENCE).text
        api.send_signal(signal.SIGTERM)

        assert api.wait(PATIENCE) == 0
    assert len(first) == 2
    assert 'billflow_http_requests_total{method="GET",route="none",status="200"} 20.0' in counted
    assert not any(child.is_running() for child in first.values())


@pytest.mark.full
def test_no_process_of_the_api_outlives_the_one_that_started_it(stack: Path, tmp_path: Path) -> None:
    arguments = ("--port", "0", "--ops-port", "0", "--processes", "2")
    # What is killed can't remove its temporary folder, which is ours then.
    with started(
        *arguments, env=environment(stack) | {"TMPDIR": str(tmp_path)}, program=("-m", "billflow.cli", "api")
    ) as api:
        wait_for(api, "http")
        children = psutil.Process(api.pid).children()
        api.kill()
        _, alive = psutil.wait_procs(children, timeout=PATIENCE)

    assert len(children) == 2
    assert not alive
