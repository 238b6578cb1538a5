"""Each version of the workers has pods of its own on Kubernetes, named, labelled and scaled as Temporal knows it."""

import pytest

from billflow.temporal.queues import ALL, STRIPE
from billflow.temporal.versions import DEPLOYMENT
from tests.deployment.chart import (
    CLOUD_BY_CERTIFICATE,
    CLOUD_BY_KEY,
    EVERYTHING,
    RELEASE,
    Manifest,
    container_of,
    environment,
    of_kind,
    rendered,
)

NAME, BUILD = "temporal.io/deployment-name", "temporal.io/build-id"

KNOWN = {
    "endpoint",
    "namespace",
    "taskQueue",
    "queueTypes",
    "targetQueueSize",
    "workerDeploymentName",
    "workerDeploymentBuildId",
    "tlsServerName",
}
"""What of KEDA's Temporal scaler is used, as its documentation of version 2.21 names it; all of it is text."""


def workers(manifests: list[Manifest]) -> list[Manifest]:
    return [one for one in of_kind(manifests, "Deployment") if one["metadata"]["labels"].get(NAME)]


def test_versions_run_beside_each_other_and_no_pod_belongs_to_two() -> None:
    manifests = rendered(EVERYTHING)
    selectors = [one["spec"]["selector"]["matchLabels"] for one in workers(manifests)]

    assert [one[BUILD] for one in selectors] == ["0.3.0", "0.2.0", "0.2.1"]
    assert {one[NAME] for one in selectors} == {DEPLOYMENT}
    for deployment in workers(manifests):
        template = deployment["spec"]["template"]
        assert deployment["spec"]["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()


def test_a_pods_build_id_is_the_tag_of_its_image_and_its_label() -> None:
    for deployment in workers(rendered(EVERYTHING)):
        template = deployment["spec"]["template"]
        [container] = template["spec"]["containers"]
        tag = container["image"].partition("@")[0].rpartition(":")[2]
        [build_id] = [one["value"] for one in container["env"] if one["name"] == "BILLFLOW_BUILD_ID"]
        assert build_id == tag == template["metadata"]["labels"][BUILD]


def test_each_version_is_scaled_by_its_own_backlog() -> None:
    manifests = rendered(EVERYTHING)
    scaled = {one["spec"]["scaleTargetRef"]["name"]: one["spec"] for one in of_kind(manifests, "ScaledObject")}

    assert scaled.keys() == {one["metadata"]["name"] for one in workers(manifests)}
    for deployment in workers(manifests):
        assert "replicas" not in deployment["spec"], "else every upgrade would set it back"
        spec = scaled[deployment["metadata"]["name"]]
        assert 1 <= spec["minReplicaCount"] <= spec["maxReplicaCount"]
        assert [one["metadata"]["taskQueue"] for one in spec["triggers"]] == [
            "billflow",
            "billflow-delivery",
            "billflow-seats",
        ]
        for trigger in spec["triggers"]:
            said = trigger["metadata"]
            assert trigger["type"] == "temporal"
            assert said.keys() <= KNOWN
            assert all(isinstance(value, str) for value in said.values())
            assert said["workerDeploymentName"] == DEPLOYMENT
            assert said["workerDeploymentBuildId"] == deployment["metadata"]["labels"][BUILD]
            assert said["taskQueue"] in {*ALL} - {STRIPE}


@pytest.mark.parametrize(
    ("values", "parameters"), [(CLOUD_BY_KEY, {"apiKey"}), (CLOUD_BY_CERTIFICATE, {"ca", "cert", "key"})]
)
def test_keda_goes_to_temporal_cloud_by_the_secrets_of_the_workers(values: Manifest, parameters: set[str]) -> None:
    manifests = rendered(values)
    [authentication] = of_kind(manifests, "TriggerAuthentication")
    [scaled] = of_kind(manifests, "ScaledObject")
    container = container_of(values, "worker")
    of_workers = [
        one["valueFrom"]["secretKeyRef"]
        for one in container["env"]
        if one["name"].startswith("TEMPORAL_") and "valueFrom" in one
    ]
    targets = {
        one["parameter"]: {"name": one["name"], "key": one["key"]} for one in authentication["spec"]["secretTargetRef"]
    }

    assert targets.keys() == parameters
    assert sorted(targets.values(), key=str) == sorted(of_workers, key=str)
    for trigger in scaled["spec"]["triggers"]:
        assert (
            trigger["authenticationRef"]
            == {"name": f"{RELEASE}-temporal"}
            == {"name": authentication["metadata"]["name"]}
        )
        assert trigger["metadata"]["endpoint"] == values["temporal"]["address"]
        assert trigger["metadata"].get("tlsServerName") == values["temporal"].get("tls", {}).get("serverName")


def test_where_nothing_scales_them_the_number_of_pods_is_as_set_and_a_sole_version_may_take_everything() -> None:
    manifests = rendered({"worker": {"replicas": 7, "promote": True}})
    [worker] = workers(manifests)
    [container] = worker["spec"]["template"]["spec"]["containers"]

    assert worker["spec"]["replicas"] == 7
    assert container["args"] == ["worker", "--ops-port", "8001", "--promote"]
    assert of_kind(manifests, "ScaledObject") == of_kind(manifests, "TriggerAuthentication") == []
    assert environment(
        container,
        dict.fromkeys(("DATABASE_URL", "STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET", "BILLFLOW_ENCRYPTION_KEYS"), "x"),
    )
