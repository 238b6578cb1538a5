"""The stack's own keys: made once, readable by their owner only, and never in place of those that are named."""

import stat
from pathlib import Path

from pydantic import SecretStr

from billflow.dev.keys import NAME, SIGNING, with_keys
from billflow.dev.stack import Stack
from billflow.models.keyring import Key
from billflow.settings import Settings, keyring_of, payload_keyring, signing_keys_of


def test_the_keys_are_made_once_and_kept_for_their_owner_alone(tmp_path: Path) -> None:
    first, second = with_keys(Settings(), tmp_path), with_keys(Settings(), tmp_path)

    assert keyring_of(first) == keyring_of(second) is not None
    assert signing_keys_of(first) == signing_keys_of(second) is not None
    assert {path.name for path in tmp_path.iterdir()} == {NAME, SIGNING}
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_temporal_stays_readable_with_a_key_of_the_stacks_own_for_other_processes_too(tmp_path: Path) -> None:
    settings = with_keys(Settings(), tmp_path)
    environment = Stack(settings).environment()

    assert payload_keyring(settings) is None
    assert environment["BILLFLOW_ENCRYPT_PAYLOADS"] == "false"
    assert environment["BILLFLOW_ENCRYPTION_KEYS"] == (tmp_path / NAME).read_text()
    assert environment["BILLFLOW_SIGNING_KEYS"] == (tmp_path / SIGNING).read_text()


def test_a_key_that_is_named_is_used_and_encrypts_payloads_as_well(tmp_path: Path) -> None:
    keys = {name: SecretStr(Key.fresh("mine").text()) for name in ("encryption_keys", "signing_keys")}
    named = Settings.model_validate(keys)

    assert with_keys(named, tmp_path) == named
    assert payload_keyring(named) == keyring_of(named) is not None
    assert list(tmp_path.iterdir()) == []
