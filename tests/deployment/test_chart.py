"""The Helm chart renders what Kubernetes takes, and what billflow reads."""

import re
import subprocess
import sys
from importlib.metadata import version

import kubernetes_validate
import pytest
import yaml

from tests.deployment.chart import (
    CASES,
    CHART,
    EVERYTHING,
    MINIMAL,
    Manifest,
    container_of,
    helm,
    of_kind,
    pods,
    rendered,
)
from tests.sizes import further
from tests.source import ROOT

OLDEST, NEWEST = "1.30", "1.37"
"""The versions of Kubernetes whose schemas the chart's objects are held to."""

KEDA = "keda.sh/v1alpha1"
TMP = {"name": "tmp", "mountPath": "/tmp"}  # noqa: S108  (a volume of the pod's own)

cases = pytest.mark.parametrize("values", CASES.values(), ids=CASES)


@cases
def test_kubernetes_takes_every_object_in_its_oldest_and_newest_version(values: Manifest) -> None:
    manifests = [one for one in rendered(values) if one["apiVersion"] != KEDA]

    assert {one["kind"] for one in manifests} >= {"Deployment", "Job", "Service", "NetworkPolicy"}
    for manifest in manifests:
        for known in (OLDEST, NEWEST):
            kubernetes_validate.validate(manifest, known, strict=True)
    assert f'kubeVersion: ">={OLDEST}.0-0"' in (CHART / "Chart.yaml").read_text()


@cases
def test_helm_finds_nothing_to_complain_of(values: Manifest) -> None:
    answered = helm("lint --strict --quiet", values)

    assert answered.returncode == 0, answered.stdout


@cases
def test_every_object_has_a_name_of_its_own_that_kubernetes_takes(values: Manifest) -> None:
    names = [(one["kind"], one["metadata"]["name"]) for one in rendered(values)]

    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name) for _, name in names)


@cases
def test_no_process_may_do_more_than_it_needs(values: Manifest) -> None:
    [user] = re.findall(r"^USER (\d+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    found = list(pods(rendered(values)))

    assert {name for name, _ in found} == {"worker", "api", "migrate"}
    for _, pod in found:
        [container] = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == int(user), "else it can't enter the image's own folder"
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert TMP in container["volumeMounts"], "the only place it may write to"
        assert container["resources"]["requests"]
        assert container["resources"]["limits"]["memory"]


@cases
def test_what_serves_is_asked_for_its_health_where_it_answers_operators(values: Manifest) -> None:
    for name, pod in pods(rendered(values)):
        [container] = pod["containers"]
        if name == "migrate":
            assert "ports" not in container
            continue
        [port] = [one["containerPort"] for one in container["ports"] if one["name"] == "ops"]
        assert container["args"][1:3] == ["--ops-port", str(port)]
        asked = {probe: container[f"{probe}Probe"]["httpGet"] for probe in ("startup", "liveness", "readiness")}
        assert {(where["path"], where["port"]) for where in asked.values()} == {("/healthz", "ops"), ("/readyz", "ops")}
        assert asked["liveness"]["path"] == "/healthz", "a server that is away is no reason to start again"
        assert pod["terminationGracePeriodSeconds"] > 40, "running activities get 30 seconds, and a little"


@pytest.mark.parametrize("name", ["worker", *further("api", "migrate")])
def test_a_command_of_the_chart_exists(name: str) -> None:
    container = container_of(MINIMAL, name)
    command = [sys.executable, "-m", "billflow.cli", *container["args"], "--help"]

    answered = subprocess.run(command, capture_output=True, text=True, check=False)

    assert answered.returncode == 0, answered.stderr
    assert container["args"][0] == name


def test_migrate_runs_before_anything_of_a_release_and_needs_nothing_of_it() -> None:
    manifests = rendered(EVERYTHING)
    [job] = of_kind(manifests, "Job")
    made = {one["metadata"]["name"] for one in manifests if one is not job}

    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert not made & {one["valueFrom"]["secretKeyRef"]["name"] for one in env_of(job) if "valueFrom" in one}
    assert of_kind(manifests, "Secret") == of_kind(manifests, "ConfigMap") == []


def env_of(manifest: Manifest) -> list[Manifest]:
    [container] = manifest["spec"]["template"]["spec"]["containers"]
    found: list[Manifest] = container["env"]
    return found


def test_nobody_is_let_in_but_to_the_api_and_by_those_who_are_named() -> None:
    everyone, api = of_kind(rendered(EVERYTHING), "NetworkPolicy")
    alone, _ = of_kind(rendered(MINIMAL), "NetworkPolicy")

    assert everyone["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert alone["spec"]["ingress"] == []
    [operators], [clients] = everyone["spec"]["ingress"], api["spec"]["ingress"]
    assert ([one["port"] for one in operators["ports"]], operators["from"]) == (
        [8001],
        EVERYTHING["networkPolicy"]["operatorsFrom"],
    )
    assert ([one["port"] for one in clients["ports"]], clients["from"]) == (
        [8000],
        EVERYTHING["networkPolicy"]["apiFrom"],
    )
    selected = everyone["spec"]["podSelector"]["matchLabels"].items()
    templates = [one["spec"]["template"] for one in rendered(EVERYTHING) if one["kind"] in {"Deployment", "Job"}]
    assert all(selected <= one["metadata"]["labels"].items() for one in templates)
    assert of_kind(rendered({"networkPolicy": {"enabled": False}}), "NetworkPolicy") == []


def test_disruptions_take_pods_of_the_api_and_of_each_version_one_by_one() -> None:
    manifests = rendered(EVERYTHING)
    budgets = {one["metadata"]["name"]: one["spec"] for one in of_kind(manifests, "PodDisruptionBudget")}

    assert budgets.keys() == {one["metadata"]["name"] for one in of_kind(manifests, "Deployment")}
    for deployment in of_kind(manifests, "Deployment"):
        assert budgets[deployment["metadata"]["name"]]["selector"] == deployment["spec"]["selector"]


def test_the_chart_is_of_the_packages_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())

    assert chart["version"] == chart["appVersion"] == version("billflow")
    assert container_of(MINIMAL, "worker")["image"] == f"billflow:{version('billflow')}"


def test_every_value_is_explained_and_in_the_schema() -> None:
    lines = (CHART / "values.yaml").read_text().splitlines()
    keys = [number for number, line in enumerate(lines) if re.match(r" *[A-Za-z_]+:", line)]
    tables = re.compile(r" *(requests|limits|cpu|memory|name):")

    unexplained = [
        lines[number]
        for number in keys
        if not tables.match(lines[number]) and not lines[number - 1].lstrip().startswith("#")
    ]

    assert len(keys) > 40
    assert unexplained == []


REFUSED: list[tuple[str, Manifest, str]] = [
    ("a misspelt value", {"worker": {"replica": 3}}, "replica"),
    ("a secret as a value", {"settings": {"STRIPE_API_KEY": "sk_test_1"}}, "STRIPE_API_KEY"),
    ("a secret by value", {"secrets": {"DATABASE_URL": "postgresql://db"}}, "DATABASE_URL"),
    ("the owner's login for everybody", {"secrets": {"DATABASE_OWNER_URL": {"name": "x"}}}, "DATABASE_OWNER_URL"),
    ("what the chart says itself", {"settings": {"BILLFLOW_BUILD_ID": "x"}}, "BILLFLOW_BUILD_ID"),
    ("no worker at all", {"worker": {"autoscaling": {"minReplicas": 0}}}, "minReplicas"),
    ("Stripe's queue", {"worker": {"autoscaling": {"taskQueues": ["billflow-stripe"]}}}, "taskQueues"),
    ("promoting beside another", {"worker": {"promote": True, "beside": [{"tag": "0.1.0"}]}}, "beside"),
    ("one version twice", {"worker": {"beside": [{"tag": version("billflow")}]}}, "two versions"),
    ("no build id", {"image": {"tag": "a/b"}}, "tag"),
    (
        "a certificate without its key",
        {"temporal": {"tls": {"clientCertificate": {"name": "x", "key": "y"}}}},
        "clientKey",
    ),
    ("an address without its port", {"temporal": {"address": "temporal"}}, "address"),
    ("a way in without TLS", {"api": {"ingress": {"enabled": True, "host": "x.example"}}}, "tlsSecretName"),
]


@pytest.mark.parametrize(("values", "named"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_values_that_can_not_be_meant_are_refused_by_name(values: Manifest, named: str) -> None:
    answered = helm("template shop", values)

    assert answered.returncode != 0
    assert named in answered.stderr
    assert answered.stdout == ""
