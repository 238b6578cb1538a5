"""The Helm chart, rendered by the real `helm` that `make setup` brings along."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.helm import PROGRAM, is_for_this_machine
from tests.source import ROOT

CHART = ROOT / "deploy" / "helm" / "billflow"
RELEASE = "shop"
Manifest = dict[str, Any]

MINIMAL: Manifest = {}

EVERYTHING: Manifest = {
    "image": {"repository": "registry.example/billflow", "tag": "0.3.0", "digest": f"sha256:{'a' * 64}"}
    | {"pullPolicy": "Always", "pullSecrets": ["registry"]},
    "serviceAccountName": "billing",
    "secrets": {
        "BILLFLOW_SMTP_URL": {"name": "mail", "key": "url"},
        "OTEL_EXPORTER_OTLP_HEADERS": {"name": "traces", "key": "headers"},
    },
    "settings": {
        "BILLFLOW_ORG": "acme",
        "BILLFLOW_MAIL_FROM": "Acme <billing@acme.example>",
        "BILLFLOW_KEEP_MAILS_DAYS": 365,
        "BILLFLOW_ENCRYPT_PAYLOADS": True,
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.traces:4317",
    },
    "worker": {
        "replicas": 3,
        "beside": [{"tag": "0.2.0"}, {"tag": "0.2.1", "digest": f"sha256:{'b' * 64}"}],
        "autoscaling": {"enabled": True, "taskQueues": ["billflow", "billflow-delivery", "billflow-seats"]},
        "maxUnavailable": "25%",
        "auditArchiveClaim": "audit",
        "nodeSelector": {"kubernetes.io/arch": "amd64"},
        "tolerations": [{"key": "billing", "operator": "Exists"}],
    },
    "api": {
        "replicas": 4,
        "processes": 2,
        "forwardedAllowIps": "10.0.0.0/8",
        "ingress": {
            "enabled": True,
            "className": "nginx",
            "host": "billing.acme.example",
            "tlsSecretName": "billing-tls",
            "annotations": {"cert-manager.io/cluster-issuer": "acme"},
        },
        "nodeSelector": {"kubernetes.io/arch": "amd64"},
        "tolerations": [{"key": "billing", "operator": "Exists"}],
    },
    "networkPolicy": {
        "apiFrom": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}],
        "operatorsFrom": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}],
    },
}

CLOUD_BY_KEY: Manifest = {
    "temporal": {
        "address": "billing.a1b2c.tmprl.cloud:7233",
        "namespace": "billing.a1b2c",
        "apiKey": {"name": "temporal-cloud", "key": "api-key"},
    },
    "worker": {"autoscaling": {"enabled": True}},
}

CLOUD_BY_CERTIFICATE: Manifest = {
    "temporal": {
        "address": "eu-central-1.aws.api.temporal.io:7233",
        "namespace": "billing.a1b2c",
        "tls": {
            "serverName": "billing.a1b2c.tmprl.cloud",
            "ca": {"name": "temporal-cloud", "key": "ca.crt"},
            "clientCertificate": {"name": "temporal-cloud", "key": "tls.crt"},
            "clientKey": {"name": "temporal-cloud", "key": "tls.key"},
        },
    },
    "worker": {"autoscaling": {"enabled": True}},
}

CASES = {
    "minimal": MINIMAL,
    "everything": EVERYTHING,
    "cloud by key": CLOUD_BY_KEY,
    "cloud by certificate": CLOUD_BY_CERTIFICATE,
}


def helm(command: str, values: Manifest, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a command of helm on the chart with these values."""
    program = str(PROGRAM) if PROGRAM.exists() else shutil.which("helm")
    if program is None:
        assert not is_for_this_machine(), "no helm: run `make setup`, which brings it along"
        pytest.skip(f"no helm on PATH, and `make setup` has none for {sys.platform}")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "values.yaml")
        file.write_text(yaml.safe_dump(values))
        # Helm's plug-ins and settings of this machine have no say.
        own = dict.fromkeys(("HELM_CONFIG_HOME", "HELM_DATA_HOME", "HELM_CACHE_HOME"), folder)
        words = [program, *command.split(), str(CHART), "--values", str(file), *options]
        return subprocess.run(words, capture_output=True, text=True, check=False, env={**os.environ, **own})


def rendered(values: Manifest) -> list[Manifest]:
    """Return what Kubernetes is sent."""
    return [one for one in yaml.load_all(_template(json.dumps(values)), yaml.CSafeLoader) if one]


@cache
def _template(values: str) -> str:
    answered = helm(f"template {RELEASE}", json.loads(values), "--namespace", "billing")
    assert answered.returncode == 0, answered.stderr
    return answered.stdout


def of_kind(manifests: list[Manifest], kind: str) -> list[Manifest]:
    """Return those of a kind."""
    return [one for one in manifests if one["kind"] == kind]


def pods(manifests: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """Yield the specification of each pod with the name of its only container."""
    for manifest in manifests:
        if manifest["kind"] in {"Deployment", "Job"}:
            pod: Manifest = manifest["spec"]["template"]["spec"]
            [container] = pod["containers"]
            yield container["name"], pod


def container_of(values: Manifest, name: str) -> Manifest:
    """Return the container of a name; of the workers' that of the version in `image`."""
    return next(pod["containers"][0] for found, pod in pods(rendered(values)) if found == name)


def environment(container: Manifest, secrets: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a container; those from Secrets have the values that are named here by variable."""
    return {one["name"]: one["value"] if "value" in one else secrets[one["name"]] for one in container["env"]}
