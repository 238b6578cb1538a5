"""Settings come from the environment, and a bad one is named."""

import pytest

from billflow.settings import SettingsError, load_settings


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
