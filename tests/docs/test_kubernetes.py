"""What the page about Kubernetes tells to type: the real helm renders it, and no cluster is needed."""

import re
import shlex

import pytest
import yaml
from typer.main import get_command

from billflow.cli.app import app
from tests.cli.terminal import ROOT
from tests.deployment.chart import CHART, Manifest, helm
from tests.docs.blocks import blocks

PAGE = ROOT / "docs" / "kubernetes.md"
LINES = [line for block in blocks() if block.page == PAGE and block.language == "shell" for line in block.typed()]
HELM = [line for line in LINES if line.startswith("helm ")]
SECRETS = [shlex.split(line) for line in LINES if line.startswith("kubectl create secret generic ")]
EXECUTED = [line for line in LINES if line.startswith("kubectl exec ")]


def rendered(*lines: str) -> list[Manifest]:
    """Return what Kubernetes would be sent after the last of these lines, each of which keeps the values before it."""
    options = [word for line in lines for word in shlex.split(line)[4:] if word != "--reuse-values"]
    answered = helm("template billflow", {}, *options)
    assert answered.returncode == 0, answered.stderr
    return [one for one in yaml.safe_load_all(answered.stdout) if one]


def names(manifests: list[Manifest]) -> set[str]:
    """Return the names of the Deployments among them."""
    return {one["metadata"]["name"] for one in manifests if one["kind"] == "Deployment"}


def test_each_line_is_of_a_kind_that_is_looked_at() -> None:
    assert len(LINES) == len(HELM) + len(SECRETS) + len(EXECUTED)
    for line in HELM:
        verb, release, chart = shlex.split(line)[1:4]
        assert (verb in {"install", "upgrade"}, release, ROOT / chart) == (True, "billflow", CHART)


@pytest.mark.parametrize("number", range(len(HELM)))
def test_helm_renders_what_is_typed_so_far(number: int) -> None:
    assert "billflow-api" in names(rendered(*HELM[: number + 1]))


def test_an_upgrade_leaves_the_old_version_beside_the_new_one_until_it_is_taken_away() -> None:
    installed, beside, alone = (names(rendered(*HELM[:count])) for count in (1, 2, 3))

    assert beside >= {"billflow-worker-0-3-0", "billflow-worker-0-2-0"}
    assert {name for name in alone if "worker" in name} == {"billflow-worker-0-3-0"}
    assert len(installed) == len(alone)


def test_the_secrets_have_the_names_and_keys_that_the_chart_reads() -> None:
    made = {
        (words[4], option.split("=")[1]) for words in SECRETS for option in words[5:] if option.startswith("--from-")
    }
    pods = [one["spec"]["template"]["spec"] for one in rendered(HELM[0]) if one["kind"] in {"Deployment", "Job"}]
    variables = [variable for pod in pods for variable in pod["containers"][0]["env"] if "valueFrom" in variable]
    read = {(one["valueFrom"]["secretKeyRef"]["name"], one["valueFrom"]["secretKeyRef"]["key"]) for one in variables}

    assert made == read


@pytest.mark.parametrize("line", EXECUTED)
def test_a_command_is_run_where_the_chart_has_workers(line: str) -> None:
    found = re.fullmatch(r"kubectl exec deploy/(\S+) -- billflow (.*)", line)

    assert found
    assert found[1] in names(rendered(*HELM[:2]))
    assert get_command(app).main([*found[2].split(), "--help"], standalone_mode=False) == 0
