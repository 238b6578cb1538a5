"""Settings come from the environment, and a bad one is named."""

import ast
import os
import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from billflow.cli.local_stack import LocalStack, announced
from billflow.cli.settings import shown
from billflow.models.contracts.console import ConsoleRole
from billflow.models.contracts.seat_sources import VARIABLES as SEATS
from billflow.settings import Settings, SettingsError, load_settings, variables
from scripts.settings_doc import PAGE, page
from tests.cli.terminal import billflow, environment
from tests.source import BILLFLOW, nodes

VARIABLE = re.compile(r"(BILLFLOW|TEMPORAL|STRIPE|DATABASE)_[A-Z]+(_[A-Z]+)*")


def test_standard_names_are_read_without_a_prefix_and_ours_with_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://db/billflow")
    monkeypatch.setenv("BILLFLOW_ORG", "acme")

    settings = load_settings()

    assert settings.database_url
    assert settings.database_url.get_secret_value() == "postgresql://db/billflow"
    assert settings.org == "acme"


def test_secrets_do_not_show_when_settings_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", "sk_test_visible")

    assert "sk_test_visible" not in repr(load_settings())


def test_every_bad_variable_is_named_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLFLOW_API_PORT", "99999")
    monkeypatch.setenv("BILLFLOW_LOG_FORMAT", "xml")

    with pytest.raises(SettingsError) as refused:
        load_settings()

    assert "BILLFLOW_API_PORT" in refused.value.message
    assert "BILLFLOW_LOG_FORMAT" in refused.value.message
    assert "\n" not in refused.value.message


def test_groups_and_limits_are_json_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLFLOW_CONSOLE_OIDC_ROLES", '{"cn=money,ou=groups": "finance"}')
    monkeypatch.setenv("BILLFLOW_CONSOLE_REFUND_LIMITS", '{"support": 50000}')

    settings = load_settings()

    assert settings.console_oidc_roles == {"cn=money,ou=groups": ConsoleRole.FINANCE}
    assert settings.console_refund_limits == {ConsoleRole.SUPPORT: 50_000}


@pytest.mark.parametrize("value", ["money=finance", "[]", '{"money": "god"}', ""])
def test_groups_that_are_no_json_object_or_have_no_role_are_refused(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("BILLFLOW_CONSOLE_OIDC_ROLES", value)

    with pytest.raises(SettingsError, match=r"BILLFLOW_CONSOLE_OIDC_ROLES must be"):
        load_settings()


def test_every_setting_says_what_it_is_for_on_the_page_that_is_written_from_them() -> None:
    silent = [name for name, field in Settings.model_fields.items() if not (field.description or "").endswith(".")]

    assert silent == []
    assert PAGE.read_text() == page(), "run: python scripts/settings_doc.py"


def test_every_variable_that_the_code_names_is_on_the_page() -> None:
    named = {
        node.value
        for _, node in nodes(BILLFLOW)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and VARIABLE.fullmatch(node.value)
    }

    ours = {name for name in named if not name.startswith((SEATS, "BILLFLOW_TESTS_"))}
    assert len(ours) > 10
    assert {name for name in ours if f"`{name}" not in page()} == set()


def printed(data: Path | None = None, **variables: str) -> dict[str, dict[str, str | None]]:
    """Return what `billflow settings` prints in an environment, by variable."""
    rows = billflow("settings", "--json", env=environment(data, **variables)).data["settings"]
    return {row["variable"]: row for row in rows}


def test_what_is_in_force_is_printed_with_its_source_and_without_secrets(tmp_path: Path) -> None:
    secrets = {
        "DATABASE_URL": "postgresql://app:pass-word@db.example:5433/billing?sslpassword=pass-word",
        "STRIPE_API_KEY": "sk_test_pass-word",
        "TEMPORAL_API_KEY": "pass-word",
        "BILLFLOW_API_PROT": "pass-word",
    }
    found = printed(None, **secrets, BILLFLOW_API_PORT="9000", BILLFLOW_DATA_DIR=str(tmp_path))

    assert "pass-word" not in str(found)
    assert found["DATABASE_URL"]["value"] == "postgresql://db.example:5433/billing"
    assert found["STRIPE_API_KEY"] == {"variable": "STRIPE_API_KEY", "value": "(hidden)", "source": "environment"}
    assert found["BILLFLOW_API_PORT"] == {"variable": "BILLFLOW_API_PORT", "value": "9000", "source": "environment"}
    assert found["BILLFLOW_OPS_PORT"] == {"variable": "BILLFLOW_OPS_PORT", "value": "8001", "source": "default"}
    assert found["BILLFLOW_API_PROT"]["source"] == "environment, no setting"
    assert set(variables().values()) <= found.keys()


def test_what_a_running_stack_gives_is_named_as_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", environment(tmp_path)["XDG_STATE_HOME"])
    servers = {"TEMPORAL_ADDRESS": "127.0.0.1:1", "STRIPE_API_BASE": "http://127.0.0.1:2"}
    with announced(LocalStack(os.getpid(), str(tmp_path), "default", "http://127.0.0.1:3", "a key", servers)):
        found = printed(tmp_path)

    assert (found["STRIPE_API_BASE"]["value"], found["STRIPE_API_BASE"]["source"]) == (
        "http://127.0.0.1:2",
        "billflow dev",
    )
    assert found["TEMPORAL_ADDRESS"]["source"] == "billflow dev"


@pytest.mark.parametrize(
    "address",
    ["postgresql://app:se/cret@db/x", "postgresql://app:1?cret@db/x", "postgresql://app:cr@et@db/x", "secret-key"],
)
def test_an_address_that_may_be_read_in_another_way_is_hidden(address: str) -> None:
    assert shown(SecretStr(address)) == "(hidden)"
