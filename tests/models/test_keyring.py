"""Encryption keys: the first seals, all of them open, and nothing opens where it does not belong."""

import pytest

from billflow.domain.errors import InvalidInput
from billflow.models.keyring import CannotDecrypt, Key, Keyring

OLD, NEW = Key.fresh("2025"), Key.fresh("2026")


def test_what_an_older_key_sealed_still_opens_and_the_newest_seals() -> None:
    sealed = Keyring((OLD,)).seal_text("DE 123", "tax_id")
    both = Keyring.read(f"{NEW.text()}, {OLD.text()}")

    assert both.open_text(sealed, "tax_id") == "DE 123"
    assert both.seal_text("DE 123", "tax_id").startswith("2026:")


def test_the_same_text_is_sealed_differently_each_time() -> None:
    keyring = Keyring((NEW,))
    assert keyring.seal_text("DE 123", "tax_id") != keyring.seal_text("DE 123", "tax_id")


def test_a_sealed_text_that_was_moved_changed_or_lost_its_key_does_not_open() -> None:
    keyring = Keyring((NEW,))
    sealed = keyring.seal_text("DE 123", "tax_id")
    with pytest.raises(CannotDecrypt, match="was changed, or moved"):
        keyring.open_text(sealed, "address")
    with pytest.raises(CannotDecrypt, match="was changed, or moved"):
        keyring.open_text(sealed[:-8] + "AAAAAAA=", "tax_id")
    with pytest.raises(CannotDecrypt, match="'2026' is missing"):
        Keyring((OLD,)).open_text(sealed, "tax_id")


UNUSABLE = ["", "secret", "a:", "a:c2hvcnQ=", ":c2hvcnQ=", "a:%%%"]


@pytest.mark.parametrize("text", [*UNUSABLE, pytest.param(f"{NEW.text()},", id="trailing comma")])
def test_an_unusable_key_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(InvalidInput, match="must look like id:base64") as refused:
        Keyring.read(text)
    assert NEW.text() not in str(refused.value)


def test_two_keys_of_one_id_are_refused() -> None:
    with pytest.raises(InvalidInput, match="same id"):
        Keyring.read(f"{NEW.text()},{NEW.text()}")


def test_a_key_shows_no_secret() -> None:
    assert repr(NEW) == "Key(key_id='2026')"
