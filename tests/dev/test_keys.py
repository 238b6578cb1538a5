"""The stack's own encryption key: made once, readable by its owner only, and never in place of one that is named."""

import stat
from pathlib import Path

from pydantic import SecretStr

from billflow.dev.keys import NAME, with_keys
from billflow.dev.stack import Stack
from billflow.models.keyring import Key
from billflow.settings import Settings, keyring_of, payload_keyring


def test_the_key_is_made_once_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    first, second = with_keys(Settings(), tmp_path), with_keys(Settings(), tmp_path)

    assert keyring_of(first) == keyring_of(second) is not None
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_temporal_stays_readable_with_a_key_of_the_stacks_own_for_other_processes_too(tmp_path: Path) -> None:
    settings = with_keys(Settings(), tmp_path)
    environment = Stack(settings).environment()

    assert payload_keyring(settings) is None
    assert environment["BILLFLOW_ENCRYPT_PAYLOADS"] == "false"
    assert environment["BILLFLOW_ENCRYPTION_KEYS"] == (tmp_path / NAME).read_text()


def test_a_key_that_is_named_is_used_and_encrypts_payloads_as_well(tmp_path: Path) -> None:
    named = Settings(encryption_keys=SecretStr(Key.fresh("mine").text()))

    assert with_keys(named, tmp_path) == named
    assert payload_keyring(named) == keyring_of(named) is not None
    assert list(tmp_path.iterdir()) == []
