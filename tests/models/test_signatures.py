"""Signing keys: the first signs, and its public key alone tells what it signed from anything else."""

import base64

import pytest

from billflow.domain.errors import InvalidInput
from billflow.models.keyring import Key
from billflow.models.signatures import SigningKeys, is_signed, public_key_of

# The first test of RFC 8032, 7.1: an empty message.
SECRET = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
SIGNATURE = (
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe2465"
    "5141438e7a100b"
)


def test_signatures_are_those_of_rfc_8032() -> None:
    keys = SigningKeys((Key("first", SECRET), Key.fresh("second")))

    assert base64.b64decode(keys.sign(b"")).hex() == SIGNATURE
    assert base64.b64decode(keys.public_keys()["first"]).hex() == PUBLIC


def test_a_signature_holds_for_its_message_and_key_only() -> None:
    first, second = Key.fresh("first"), Key.fresh("second")
    signature = SigningKeys((first, second)).sign(b"a root")

    assert is_signed(b"a root", signature, public_key_of(first))
    assert not is_signed(b"another", signature, public_key_of(first))
    assert not is_signed(b"a root", signature, public_key_of(second))
    assert not is_signed(b"a root", "no base64", public_key_of(first))
    assert not is_signed(b"a root", signature, "AAAA")


TWICE = f"{Key.fresh('a').text()},{Key.fresh('a').text()}"


@pytest.mark.parametrize("text", ["", "first", "first:AAAA", TWICE], ids=["empty", "no_secret", "short", "twice"])
def test_unusable_keys_are_refused_by_a_sentence_that_says_which_they_are(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"[Ss]igning key"):
        SigningKeys.read(text)
