"""Every variable that the chart sets is one that billflow or Temporal's SDK reads, and means what it is to."""

import base64
import json
from importlib.metadata import version

import pytest
from pydantic import SecretStr
from temporalio.envconfig import ClientConfig

from billflow.settings import Settings, keyring_of, load_settings, variables
from tests.deployment.chart import (
    CASES,
    CHART,
    CLOUD_BY_CERTIFICATE,
    CLOUD_BY_KEY,
    EVERYTHING,
    MINIMAL,
    Manifest,
    container_of,
    environment,
    pods,
    rendered,
)

OWNER = "DATABASE_OWNER_URL"
EVERYWHERE = "0.0.0.0"  # noqa: S104  (inside a pod, behind its NetworkPolicy)
BY_OTHERS = {"FORWARDED_ALLOW_IPS"}
"""Read by uvicorn; the variables of Temporal and OpenTelemetry have names of their own kind."""

SECRETS = {
    "DATABASE_URL": "postgresql://runs@db/billflow",
    OWNER: "postgresql://owns@db/billflow",
    "STRIPE_API_KEY": "sk_test_1",
    "STRIPE_WEBHOOK_SECRET": "whsec_1",
    "BILLFLOW_ENCRYPTION_KEYS": f"first:{base64.b64encode(bytes(32)).decode()}",
    "BILLFLOW_SMTP_URL": "smtp://mail:587",
    "OTEL_EXPORTER_OTLP_HEADERS": "authorization=x",
    "TEMPORAL_API_KEY": "a key",
    "TEMPORAL_TLS_SERVER_CA_CERT_DATA": "an authority",
    "TEMPORAL_TLS_CLIENT_CERT_DATA": "a certificate",
    "TEMPORAL_TLS_CLIENT_KEY_DATA": "a private key",
}


def secret_variables() -> set[str]:
    """Return the variable of each setting whose value is a secret."""
    names = variables()
    return {names[field] for field, info in Settings.model_fields.items() if "SecretStr" in str(info.annotation)}


def given(values: Manifest, name: str) -> dict[str, str]:
    return environment(container_of(values, name), SECRETS)


@pytest.mark.parametrize("values", CASES.values(), ids=CASES)
def test_every_variable_of_the_chart_is_a_setting_that_exists_and_a_secret_comes_from_a_secret(
    values: Manifest,
) -> None:
    known, secret = {*variables().values()}, secret_variables()
    for name, pod in pods(rendered(values)):
        [container] = pod["containers"]
        ours = [one for one in container["env"] if not one["name"].startswith(("TEMPORAL_", "OTEL_"))]
        assert {one["name"] for one in ours} - known <= BY_OTHERS
        assert [one["name"] for one in ours if one["name"] in secret and "value" in one] == []
        assert (OWNER in {one["name"] for one in ours}) == (name == "migrate")
        assert len({one["name"] for one in container["env"]}) == len(container["env"])


def test_the_schema_knows_what_is_secret() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())["properties"]
    by_reference = set(schema["secrets"]["propertyNames"]["enum"])
    not_by_value = set(schema["settings"]["propertyNames"]["not"]["enum"])

    assert {name for name in by_reference if not name.startswith("OTEL_")} == secret_variables() - {OWNER}
    assert {name for name in by_reference if not name.startswith("DATABASE_")} <= not_by_value
    assert {name for name in not_by_value if not name.startswith("OTEL_")} <= {*variables().values()}


def test_settings_are_read_as_the_values_say(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (given(EVERYTHING, "api") | given(EVERYTHING, "worker")).items():
        monkeypatch.setenv(name, value)

    settings = load_settings()

    assert settings.org == "acme"
    assert settings.mail_from == "Acme <billing@acme.example>"
    assert settings.keep_mails_days == 365
    assert settings.encrypt_payloads is True
    assert settings.build_id == "0.3.0"
    assert (settings.ops_host, settings.api_host, settings.api_port, settings.api_processes) == (
        EVERYWHERE,
        EVERYWHERE,
        8000,
        2,
    )
    assert str(settings.audit_archive_dir) == "/app/audit"
    assert settings.smtp_url == SecretStr("smtp://mail:587")
    assert keyring_of(settings) is not None


def test_a_worker_takes_the_build_id_of_the_chart_where_no_tag_is_named() -> None:
    assert given(MINIMAL, "worker")["BILLFLOW_BUILD_ID"] == version("billflow")


def test_temporals_sdk_reads_the_way_to_its_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.delenv(name, raising=False)
    by_key = ClientConfig.load_client_connect_config(override_env_vars=given(CLOUD_BY_KEY, "worker"))
    by_certificate = ClientConfig.load_client_connect_config(override_env_vars=given(CLOUD_BY_CERTIFICATE, "migrate"))
    by_name = ClientConfig.load_client_connect_config(override_env_vars=given(MINIMAL, "api"))

    assert (by_key["target_host"], by_key["namespace"]) == ("billing.a1b2c.tmprl.cloud:7233", "billing.a1b2c")
    assert by_key["api_key"] == "a key"
    tls = by_certificate["tls"]
    assert not isinstance(tls, bool)
    assert tls is not None
    assert (tls.client_cert, tls.client_private_key) == (b"a certificate", b"a private key")
    assert (tls.server_root_ca_cert, tls.domain) == (b"an authority", "billing.a1b2c.tmprl.cloud")
    assert by_name["target_host"] == "temporal-frontend.temporal.svc.cluster.local:7233"
    assert not by_name.get("tls")
