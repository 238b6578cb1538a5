"""The compose file is valid, stays on the loopback interface, and its commands exist."""

import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TypedDict

import pytest
import yaml

from scripts.compose_secrets import MADE, main
from tests.monitoring.promtool import PROMTOOL, needs_promtool

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"


class Service(TypedDict, total=False):
    """The keys of a service that these tests look at."""

    command: list[str]
    build: str
    image: str
    ports: list[str]
    depends_on: dict[str, dict[str, str]]
    healthcheck: dict[str, object]
    environment: dict[str, str]
    deploy: dict[str, int]
    profiles: list[str]
    volumes: list[str]


def services() -> dict[str, Service]:
    content: dict[str, dict[str, Service]] = yaml.safe_load(FILE.read_text())
    return content["services"]


def our_commands() -> list[list[str]]:
    return [service["command"] for service in services().values() if "build" in service]


def test_the_file_follows_the_compose_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE)]

    checked = subprocess.run(command, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout


def test_no_port_is_open_to_the_network() -> None:
    ports = [port for service in services().values() for port in service.get("ports", [])]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_whoever_waits_for_health_waits_for_a_service_that_has_a_check() -> None:
    awaited = {
        name
        for service in services().values()
        for name, dependency in service.get("depends_on", {}).items()
        if dependency["condition"] == "service_healthy"
    }

    assert awaited
    assert all("healthcheck" in services()[name] for name in awaited)


def test_one_image_runs_migrate_worker_and_api() -> None:
    assert sorted(command[0] for command in our_commands()) == ["api", "migrate", "worker"]


def test_api_and_workers_are_asked_for_their_health_where_operators_are_answered() -> None:
    for name in ("api", "worker"):
        service = services()[name]
        assert service["command"][1:3] == ["--ops-port", "8001"]
        assert '"http://127.0.0.1:8001/readyz"' in str(service["healthcheck"]["test"])
    assert not [port for service in services().values() for port in service.get("ports", []) if "8001" in port]


def test_workers_that_take_the_place_of_others_give_their_version_the_work_by_themselves() -> None:
    assert services()["worker"]["command"][3:] == ["--promote"]
    assert services()["worker"]["deploy"]["replicas"] > 1


def test_every_image_of_others_has_an_explicit_version_and_its_digest() -> None:
    images = [service["image"] for service in services().values() if "image" in service]
    bases = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    of_others = [image for image in [*images, *bases] if not image.startswith("billflow")]

    assert len(of_others) >= 6
    assert [image for image in of_others if not re.fullmatch(r"[\w/-]+:v?\d[\w.-]*@sha256:[0-9a-f]{64}", image)] == []


def test_images_of_one_name_have_one_digest() -> None:
    named = set(re.findall(r"([\w/-]+:\S+)@(sha256:[0-9a-f]+)", FILE.read_text() + (ROOT / "Dockerfile").read_text()))

    assert len({name for name, _ in named}) == len(named)


def test_no_secret_has_a_default_and_the_script_makes_them_all(tmp_path: Path) -> None:
    text = FILE.read_text()
    demanded = set(re.findall(r"\$\{(\w+):\?run python", text))

    assert re.findall(r"\$\{\w*(?:PASSWORD|KEYS?):-[^}]+\}", text) == []
    assert demanded == set(MADE)
    main(tmp_path)
    first = (tmp_path / ".env").read_text()
    main(tmp_path)
    assert (tmp_path / ".env").read_text() == first
    assert {line.partition("=")[0] for line in first.splitlines()} == demanded
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0


def test_prometheus_and_grafana_come_where_they_are_asked_for_with_what_the_repository_has_for_them() -> None:
    monitoring = {name: service for name, service in services().items() if service.get("profiles")}
    configs = yaml.safe_load(FILE.read_text())["configs"]
    rules, scraped = yaml.safe_load(configs["prometheus"]["content"]), services()["worker"]["environment"]

    assert {name: service["profiles"] for name, service in monitoring.items()} == {
        "prometheus": ["monitoring"],
        "grafana": ["monitoring"],
    }
    mounted = [
        volume.split(":") for service in monitoring.values() for volume in service["volumes"] if volume[0] == "."
    ]
    assert [any((ROOT / folder).iterdir()) for folder, _, mode in mounted if mode == "ro"] == [True, True]
    assert rules["rule_files"] == [f"{target}/*.yaml" for folder, target, _ in mounted if "prometheus" in folder]
    targets = {
        job["dns_sd_configs"][0]["names"][0]: job["dns_sd_configs"][0]["port"] for job in rules["scrape_configs"]
    }
    assert targets == {"worker": 8001, "api": 8001}
    assert scraped["BILLFLOW_OPS_HOST"] == "0.0.0.0"  # noqa: S104  (else nobody outside the container gets an answer)


@needs_promtool
def test_prometheus_takes_its_configuration_and_the_rules_it_names(tmp_path: Path) -> None:
    content: str = yaml.safe_load(FILE.read_text())["configs"]["prometheus"]["content"]
    file = tmp_path / "prometheus.yml"
    file.write_text(content.replace("/etc/prometheus/rules", str(ROOT / "deploy" / "prometheus")))

    checked = subprocess.run([PROMTOOL, "check", "config", file], capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "1 rule files found" in checked.stdout


def test_workers_and_api_run_as_a_login_that_owns_nothing_and_temporal_as_its_own() -> None:
    found = {name: service["environment"] for name, service in services().items() if "environment" in service}
    for name in ("worker", "api"):
        assert found[name]["DATABASE_URL"].startswith("postgresql://billflow_runs:")
        assert "DATABASE_OWNER_URL" not in found[name]
    assert found["migrate"]["DATABASE_OWNER_URL"].startswith("postgresql://billflow:")
    assert found["temporal"]["POSTGRES_USER"] == found["temporal-schema"]["SQL_USER"] == "temporal"


@pytest.mark.full
@pytest.mark.parametrize("command", our_commands(), ids=" ".join)
def test_a_command_of_the_file_exists_on_the_host(command: list[str]) -> None:
    billflow = Path(sysconfig.get_path("scripts")) / "billflow"

    answered = subprocess.run([billflow, *command, "--help"], capture_output=True, text=True, check=False)

    assert answered.returncode == 0, answered.stderr
