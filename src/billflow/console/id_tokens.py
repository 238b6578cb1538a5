"""ID tokens of OpenID Connect: who signed them, for whom, in answer to what, and whether they hold now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, InvalidClaimError, JoseError
from joserfc.jwk import KeySet

from billflow.errors import Unauthorized

LEEWAY = timedelta(minutes=1)
"""By how much the provider's clock may differ from ours."""

ALGORITHMS = tuple(f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512))
"""Signatures by a private key of the provider's; `none`, and those by a secret that we would know too, are none."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ExpectedToken:
    """What an ID token has to say: by whom, to whom, in answer to which question, beside which access token."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str | None


def verified_claims(token: str, keys: Mapping[str, Any], expected: ExpectedToken) -> Mapping[str, Any]:
    """Return the claims of an ID token that one of *keys*, a JWK set, has signed; raises `Unauthorized`."""
    try:
        found = jwt.decode(token, _signing(keys), algorithms=ALGORITHMS)
        options = {
            "iss": {"essential": True, "value": expected.issuer},
            "aud": {"essential": True, "value": expected.client_id},
            "sub": {"essential": True},
        }
        params = {
            "nonce": expected.nonce,
            "client_id": expected.client_id,
            "access_token": expected.access_token,
        }
        claims = CodeIDToken(found.claims, found.header, options, params)
        claims.validate(leeway=int(LEEWAY.total_seconds()))
    except (JoseError, ValueError, TypeError, KeyError) as error:
        _log.warning("an ID token is not accepted", issuer=expected.issuer, error=repr(error))
        raise _refusal(error) from None
    return dict(claims)


def _signing(keys: Mapping[str, Any]) -> KeySet:
    """Return the keys that sign: a set may hold others, of kinds that are unknown here."""
    of_set = keys.get("keys") or []
    return KeySet.import_key_set(
        {"keys": [one for one in of_set if one.get("kty") in ("RSA", "EC") and one.get("use", "sig") == "sig"]}
    )


def _refusal(error: Exception) -> Unauthorized:
    if isinstance(error, ExpiredTokenError):
        message = "The sign-in has expired; sign in again. If that does not help, an operator is to compare the clocks."
        return Unauthorized(message, code="sign_in_expired")
    if isinstance(error, InvalidClaimError) and error.claim in ("iat", "nbf"):
        message = (
            "The clock of the sign-in server is ahead of billflow's by more than a minute; an operator is to set them."
        )
        return Unauthorized(message, code="clocks_differ")
    message = (
        "What the sign-in server says of you can't be believed; sign in again, and tell an operator if that fails."
    )
    return Unauthorized(message, code="id_token_invalid")
