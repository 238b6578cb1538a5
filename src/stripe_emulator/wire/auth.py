"""Turn the Authorization header into the account it stands for."""

import base64
import binascii
import hashlib

from stripe_emulator.errors import UNAUTHORIZED, StripeError

TEST_PREFIXES = ("sk_test_", "rk_test_")
LIVE_PREFIXES = ("sk_live_", "rk_live_")


def account_of(headers: dict[str, str], *, livemode: bool = False) -> str:
    """Return the account id of the key; every key is an account of its own.

    Raises StripeError 401 without a key, with one of the other mode, or with anything that is no secret key.
    """
    key = _key(headers.get("authorization", ""))
    if not key:
        raise _denied("You did not provide an API key. Send it as 'Authorization: Bearer sk_test_...'.")
    if livemode and not key.startswith(LIVE_PREFIXES):
        raise _denied("This emulator plays live mode and takes no test keys. Use one that starts with sk_live_.")
    if livemode:
        return account_id(key)
    if key.startswith(LIVE_PREFIXES):
        raise _denied("This is a local emulator and takes no live keys. Use one that starts with sk_test_.")
    if not key.startswith(TEST_PREFIXES):
        raise _denied("Invalid API Key provided: it must start with sk_test_ or rk_test_.")
    return account_id(key)


def account_id(key: str) -> str:
    """Return the account a key belongs to."""
    return "acct_" + hashlib.sha256(key.encode()).hexdigest()[:16]


def _key(header: str) -> str:
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _denied(message: str) -> StripeError:
    return StripeError(message, status=UNAUTHORIZED)
