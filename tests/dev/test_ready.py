"""`billflow dev` says that it is up when everything answers, and can be stopped before that."""

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from billflow.client import Client as Billflow
from billflow.client import customers, plans
from billflow.client.clients import Retries
from billflow.dev.errors import PartFailed
from billflow.dev.ports import LOOPBACK, free_port
from billflow.dev.ready import until_ready
from billflow.temporal.queues import BILLFLOW, DELIVERY, STRIPE
from billflow.temporal.worker import build_worker
from billflow.workflows.delivery import DeliveryWorkflow

PAGES = ("Temporal Web UI", "API", "Console, opened once")
STOPPING = 60
LOOKS = 20
"""So often is it asked, twenty times a second, whether it is ready: time enough to say too early that it is up."""
INTERRUPTED = 130


@contextmanager
def dev(folder: Path, port: int, *options: str, **variables: str) -> "Iterator[subprocess.Popen[str]]":
    """Run `billflow dev`; kill it at the end where it still runs."""
    command = [sys.executable, "-m", "billflow.cli", "dev", "--data", str(folder), "--api-port", str(port), *options]
    environment, pipe = os.environ | {"XDG_STATE_HOME": f"{folder}/state"} | variables, subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_until_there(path: Path, process: "subprocess.Popen[str]") -> None:
    while not path.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def shown_by(process: "subprocess.Popen[str]") -> dict[str, str]:
    """Read what follows the line that billflow is up: names and values, in columns."""
    assert process.stdout
    shown: dict[str, str] = {}
    while "Try" not in shown:
        name, _, value = process.stdout.readline().strip().partition("  ")
        shown[name] = value.strip()
    return shown


@pytest.mark.full
def test_right_after_the_line_that_billflow_is_up_everything_answers(tmp_path: Path) -> None:
    port = free_port()
    api = f"http://{LOOPBACK}:{port}"
    with dev(tmp_path, port) as process:
        assert process.stdout
        line = process.stdout.readline()
        codes = {page: httpx.get(api + page).status_code for page in ("/healthz", "/docs", "/metrics", "/api/v1/plans")}
        shown = shown_by(process)
        ready = httpx.get(shown["Metrics"].replace("/metrics", "/readyz")).status_code
        with Billflow(api, shown["API key, shown this once"], retries=Retries(attempts=1)) as billflow:
            acme = billflow.do(customers.create("Acme", "billing@acme.example"))
            plan = billflow.do(plans.start(acme.customer_id, "cloud_standard", "monthly", trial_days=30)).plan
        pages = [httpx.get(shown[name], follow_redirects=True).status_code for name in PAGES]
        process.send_signal(signal.SIGINT)
        code = process.wait(STOPPING)

    assert line.startswith("billflow is up; ctrl-C stops it")
    assert (codes, ready) == ({"/healthz": 200, "/docs": 200, "/metrics": 404, "/api/v1/plans": 401}, 200)
    assert plan.status == "free_trial"
    assert (pages, code) == ([200] * len(PAGES), 0)


@pytest.mark.full
def test_two_processes_take_the_work_of_dev_and_end_with_it(tmp_path: Path) -> None:
    port = free_port()
    with dev(tmp_path, port, "--processes", "2") as process:
        shown = shown_by(process)
        workers = [one for one in psutil.Process(process.pid).children() if "--supervised" in one.cmdline()]
        with Billflow(f"http://{LOOPBACK}:{port}", shown["API key, shown this once"]) as billflow:
            acme = billflow.do(customers.create("Acme", "billing@acme.example"))
            billflow.do(customers.give_test_card(acme.customer_id))
            bought = billflow.do(plans.start(acme.customer_id, "cloud_standard", "monthly"))
        metrics = httpx.get(shown["Metrics"]).text
        process.send_signal(signal.SIGINT)
        code = process.wait(STOPPING)

    assert (len(workers), code) == (2, 0)
    assert psutil.wait_procs(workers, timeout=STOPPING)[1] == []
    assert bought.plan.status == "active", "by steps of one of the two"
    assert metrics.count("# HELP billflow_activity_seconds ") == 1
    assert 'billflow_activity_seconds_count{activity="activate",kind="step",result="done"} 1.0' in metrics
    assert 'billflow_http_requests_total{method="POST",route="/api/v1/plans",status="201"} 1.0' in metrics
    assert {'process="1"', 'process="2"'} <= set(re.findall('process="[0-9]"', metrics))


@pytest.mark.full
def test_while_stripe_is_out_of_reach_nobody_is_told_that_billflow_is_up(tmp_path: Path) -> None:
    port = free_port()
    away = {"STRIPE_API_BASE": f"http://{LOOPBACK}:{free_port()}", "STRIPE_API_KEY": "sk_test_away"}
    operators = {"BILLFLOW_OPS_PORT": str(port)}
    with dev(tmp_path, free_port(), **away, **operators, STRIPE_WEBHOOK_SECRET="whsec_away") as process:
        answers = 0
        while answers < LOOKS:
            assert process.poll() is None
            with contextlib.suppress(httpx.TransportError):
                ready = httpx.get(f"http://{LOOPBACK}:{port}/readyz", timeout=STOPPING)
                assert (ready.status_code, ready.json()["checks"].get("stripe")) in ((503, None), (503, "out of reach"))
                answers += "stripe" in ready.json()["checks"]
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=STOPPING)

    assert (said, process.returncode) == ("", 0)


MOMENTS = [("temporal.log", signal.SIGTERM), ("postgres.new", signal.SIGINT), ("stripe.log", signal.SIGINT)]


@pytest.mark.full
@pytest.mark.parametrize(("reached", "number"), MOMENTS)
def test_ctrl_c_while_it_starts_leaves_no_server_behind(tmp_path: Path, reached: str, number: signal.Signals) -> None:
    with dev(tmp_path, free_port()) as process:
        wait_until_there(tmp_path / reached, process)
        servers = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(number)
        said, complained = process.communicate(timeout=STOPPING)

    assert (said, complained, process.returncode) == ("", "", INTERRUPTED)
    assert psutil.wait_procs(servers, timeout=STOPPING)[1] == []
    assert not list(tmp_path.glob("state/billflow/*"))


@activity.defn
async def idle() -> None:
    """Do nothing, at a worker that is only to be there."""


def worker_at(client: Client, queue: str) -> Worker:
    if queue == STRIPE:
        return build_worker(client, queue, activities=[idle])
    return build_worker(client, queue, workflows=[DeliveryWorkflow])


async def answer_503(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlate")
    await writer.drain()
    writer.close()


async def test_it_is_ready_when_this_process_takes_work_from_every_queue_and_every_page_answers_well(
    temporal_server: str,
) -> None:
    ours, others = [await Client.connect(temporal_server, identity=name) for name in ("ours", "others")]
    async with AsyncExitStack() as working:
        for queue in (BILLFLOW, STRIPE, DELIVERY):
            await working.enter_async_context(worker_at(others, queue))
            with pytest.raises(PartFailed, match=f"no worker of ours takes work from .*{queue}$|{queue},"):
                await until_ready(ours, within=0.2)
            await working.enter_async_context(worker_at(ours, queue))
        await until_ready(ours)

        with pytest.raises(PartFailed, match="does not answer"):
            await until_ready(ours, f"http://{LOOPBACK}:{free_port()}/readyz", within=0.2)
        async with await asyncio.start_server(answer_503, LOOPBACK, 0) as server:
            url = f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}"
            with pytest.raises(PartFailed, match=f"billflow was not ready in time: {url} answers 503: late"):
                await until_ready(ours, url, within=0.2)
