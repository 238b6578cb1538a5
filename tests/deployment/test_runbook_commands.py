"""Whatever the runbook tells people to type can be typed: commands, filters, and Temporal's own commands."""

import asyncio
import os
import re
import shlex
import shutil
import subprocess
import sysconfig
from collections.abc import Coroutine
from typing import Any

import pytest
import uvloop
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.workflow import _Definition
from typer.main import get_command

from billflow import settings
from billflow.cli.app import app
from billflow.domain.reconciliation import FindingKind
from billflow.wiring.workers import ALL_WORKFLOWS, prepare
from tests.api_environment import until
from tests.deployment.pages import commands_of_ours, commands_of_temporal, filters, named_of_ours, page, sections, spans
from tests.namespaces import fresh_namespace, variables

ROOT = get_command(app)
PAGES = ("runbook.md", "deploying.md", "kubernetes.md", "temporal-cloud.md")
RUNBOOK = page("runbook.md")
STATES = sections(RUNBOOK, "What can hang")
OURS = sorted({line for name in PAGES for line in commands_of_ours(page(name))})
NAMED = sorted({line for name in PAGES for line in named_of_ours(page(name))})
THEIRS = commands_of_temporal(RUNBOOK)
RUN_DIRECTLY = {"migrate", "--version"}
"""What does its work while the line is read."""

OTHERS = {"FORWARDED_ALLOW_IPS"}

AT_A_TIME = "Max concurrent batch operations is reached"
"""Says the server while the batch before is under way."""


@pytest.fixture(scope="module")
async def namespace(temporal_server: str) -> Client:
    """Return a client of a namespace as `billflow migrate` leaves it."""
    client = await fresh_namespace(temporal_server, "runbook")
    await prepare(client, settings.Settings())
    return client


@pytest.mark.parametrize("line", [line for line in OURS if shlex.split(line)[0] not in RUN_DIRECTLY])
def test_a_command_of_ours_can_be_typed_as_it_stands(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def instead_of_running(coroutine: Coroutine[Any, Any, None]) -> None:
        coroutine.close()
        ran.append(line)

    monkeypatch.setattr(asyncio, "run", instead_of_running)
    monkeypatch.setattr(uvloop, "run", instead_of_running)
    ROOT.main(shlex.split(line), standalone_mode=False)

    assert ran == [line]


@pytest.mark.parametrize("line", NAMED)
def test_a_command_of_ours_that_is_named_exists_with_its_options(line: str) -> None:
    assert ROOT.main([*shlex.split(line), "--help"], standalone_mode=False) == 0


def test_commands_are_found() -> None:
    assert {"plan show PLAN", "plan list --needs-attention", "deploy promote", "replay --sample 100"} <= set(OURS)
    assert {"reconcile --repair --grace 0", "deploy promote 0.3.0", "keys rotate"} <= set(NAMED)
    assert len(THEIRS) > 12


@pytest.mark.parametrize("query", filters(RUNBOOK) + filters(page("deploying.md")))
async def test_a_filter_is_a_query_that_the_server_takes(query: str, namespace: Client) -> None:
    assert (await namespace.count_workflows(query)).count >= 0


async def test_a_filter_that_names_what_is_not_there_would_be_noticed(namespace: Client) -> None:
    with pytest.raises(RPCError, match="BillflowNothing"):
        await namespace.count_workflows("BillflowNothing = true")


@pytest.mark.full
async def test_temporals_own_command_line_takes_each_of_its_commands(namespace: Client) -> None:
    for line in THEIRS:

        async def is_over(line: str = line) -> bool:
            ended = await run_temporal(line, namespace)
            assert ended.returncode == 0 or AT_A_TIME in ended.stderr, f"{line}\n{ended.stderr}"
            return ended.returncode == 0

        await until(is_over)


async def run_temporal(line: str, namespace: Client) -> subprocess.CompletedProcess[str]:
    program = shutil.which("temporal", path=sysconfig.get_path("scripts"))
    assert program
    words, environment = [program, *shlex.split(line)[1:]], os.environ | variables(namespace)
    return await asyncio.to_thread(subprocess.run, words, capture_output=True, text=True, check=False, env=environment)


@pytest.mark.parametrize("title", STATES)
def test_a_state_says_how_it_shows_what_to_type_and_what_is_seen_then(title: str) -> None:
    text = STATES[title]
    labels = re.findall(r"^(?:- )?\*(\w[\w ]*):\*", text, re.MULTILINE)

    assert labels == ["Shows", "Web UI", "Then"]
    assert len(filters(text)) >= 1
    assert commands_of_ours(text)
    assert any("--query" in line for line in commands_of_temporal(text))


def test_every_kind_of_workflow_and_every_finding_is_in_the_runbook() -> None:
    asked = " ".join(query for text in STATES.values() for query in filters(text))
    named = set(re.findall(r"'(\w+Workflow)'", asked))

    assert named == {workflow.__name__ for workflow in ALL_WORKFLOWS}
    assert {kind.value for kind in FindingKind} - set(spans(RUNBOOK)) == set()


@pytest.mark.parametrize("line", [line for line in THEIRS if " signal " in line])
def test_a_signal_is_one_that_its_workflow_takes(line: str) -> None:
    words = shlex.split(line)
    [name] = re.findall(r"WorkflowType = '(\w+)'", words[words.index("--query") + 1])
    [workflow] = [one for one in ALL_WORKFLOWS if one.__name__ == name]

    assert words[words.index("--name") + 1] in _Definition.must_from_class(workflow).signals


@pytest.mark.parametrize("name", PAGES)
def test_what_is_named_as_a_setting_is_one(name: str) -> None:
    text = page(name)
    values = {span.partition("=")[0] for span in spans(text) if re.fullmatch(r"[A-Z]+(_[A-Z]+)+(=\S*)?", span)}
    named = values | set(re.findall(r"\b(?:BILLFLOW|STRIPE|DATABASE)_[A-Z_]+\b", text))

    assert {one for one in named if not one.startswith("TEMPORAL_")} <= {*settings.variables().values()} | OTHERS
