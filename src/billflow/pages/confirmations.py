"""Forms that count once: the key of each is in its page's address, so that the browser's history leads back to it."""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import urlencode
from uuid import uuid4

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from billflow.domain.errors import InvalidInput, Refused
from billflow.models.contracts.access import Claim, ClaimState, IdempotentResponse
from billflow.models.contracts.keys import KeyNamespace, NamespacedKey
from billflow.pages.forms import CSRF_FIELD
from billflow.store.access.idempotency import PostgresIdempotencyRepository

KEY = "key"
"""The field of a form that has its key."""

CONFIRMED_AS = "confirmed_as"
"""What the address of a page tells the key of its form by, or the form that the page answers."""

WHY = "why"
"""The field of the reason, which no command or request has; another reason makes no other form of it."""

SEEN = "seen"
"""The field that tells which values a form was opened with; once it is done these are others, and it is the same."""

PATIENCE = timedelta(seconds=10)
"""How long the second of two equal forms waits for what comes of the first."""

_KEY = re.compile(r"[0-9a-f]{32}")
_PAUSE_SECONDS = 0.1

Form = Mapping[str, str]


def new_key() -> str:
    """Return a key that no form has yet."""
    return uuid4().hex


def given_key(request: Request) -> str | None:
    """Return the key that a page's form is to have, None where it is a new one.

    The page's address tells it, or the form that the page answers: what is sent again with it is the same.
    """
    sent: Form | None = getattr(request.state, "form", None)
    told = request.query_params.get(CONFIRMED_AS) if sent is None else sent.get(KEY) or sent.get(CONFIRMED_AS)
    return told if told and _KEY.fullmatch(told) else None


def with_key(request: Request) -> Response:
    """Return the way to the page that was asked for, with a key in its address, under which the browser knows it."""
    asked = [one for one in request.query_params.multi_items() if one[0] != CONFIRMED_AS]
    query = urlencode([*asked, (CONFIRMED_AS, new_key())])
    return RedirectResponse(f"{request.url.path}?{query}", HTTPStatus.SEE_OTHER)


def key_in(form: Form, namespace: KeyNamespace) -> NamespacedKey:
    """Return the key of a form, under which it is done once however often it is sent; raises `InvalidInput`."""
    key = form.get(KEY, "")
    if not _KEY.fullmatch(key):
        raise InvalidInput("The form has lost its key; open it anew.", field=KEY)
    return namespace.key(key)


def claim_of(key: NamespacedKey, form: Form, *about: str) -> Claim:
    """Return what a form claims to do once under its key; *about* is what it is done to."""
    return Claim(key=key, fingerprint=_digest(form, about).digest(), holder=str(uuid4()))


def claim_of_content(namespace: KeyNamespace, form: Form, *about: str) -> Claim:
    """Return what one of a page's many forms claims to do once: another content, or another page, is another wish."""
    digest = _digest(form, (key_in(form, namespace), *about))
    return Claim(key=namespace.key(digest.hexdigest()), fingerprint=digest.digest(), holder=str(uuid4()))


async def once(
    idempotency: PostgresIdempotencyRepository,
    org_id: str,
    claim: Claim,
    back: str,
    do: Callable[[], Awaitable[Response]],
) -> Response:
    """Do it, or go where it led the first time; raises `InvalidInput` for a key under which something else was done.

    An answer that leads nowhere, with a secret say, is not kept: then the way is *back*.
    """
    found = await _claimed(idempotency, org_id, claim)
    if isinstance(found, IdempotentResponse):
        return RedirectResponse(found.headers["location"], HTTPStatus.SEE_OTHER)
    try:
        answer = await do()
    except BaseException:
        await idempotency.release(org_id, claim)
        raise
    location = answer.headers.get("location", back)
    done = IdempotentResponse(status=HTTPStatus.SEE_OTHER, headers={"location": location}, body=b"")
    await idempotency.store(org_id, claim, done)
    return answer


async def _claimed(
    idempotency: PostgresIdempotencyRepository, org_id: str, claim: Claim
) -> IdempotentResponse | ClaimState:
    """Claim a key, or wait for what comes of the form that has claimed it: a browser shows the last answer only."""
    deadline = asyncio.get_running_loop().time() + PATIENCE.total_seconds()
    while (found := await idempotency.claim(org_id, claim)) is ClaimState.RUNNING:
        if asyncio.get_running_loop().time() > deadline:
            message = "This form was sent already and is still being worked on; look again in a moment."
            raise Refused(message, code="idempotency_key_in_use", retry_after=timedelta(seconds=1))
        await asyncio.sleep(_PAUSE_SECONDS)
    if found is ClaimState.OTHER_WRITE:
        message = "This form was sent before with something else in it; open it anew for that."
        raise InvalidInput(message, code="idempotency_key_reused", field=KEY)
    return found


def _digest(form: Form, about: tuple[str, ...]) -> "hashlib._Hash":
    kept = sorted(one for one in form.items() if one[0] not in (CSRF_FIELD, WHY, SEEN))
    return hashlib.sha256(repr((about, kept)).encode())
