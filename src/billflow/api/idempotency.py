"""Writes that happen once: the same `Idempotency-Key` and request get the first answer again (decision 0063)."""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from http import HTTPStatus
from uuid import UUID, uuid4

from fastapi import Request, Response

from billflow.api.etags import require_match
from billflow.api.principal import Principal
from billflow.api.problems import refused
from billflow.api.services import Services
from billflow.domain.errors import InvalidInput, NotFound, Refused
from billflow.models.contracts.access import Claim, ClaimState, IdempotentResponse
from billflow.ports.database import DatabaseBusy

IDEMPOTENCY_KEY = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
PATIENCE = 30.0
"""Seconds that the same write waits for the first one's answer."""

TRIES_TO_END = 4
"""How often a write that is over waits for a busy database to note it; otherwise its key would stay in use."""

GUARDED = frozenset({"PUT", "PATCH", "DELETE"})
"""The methods that change what can be read at the same address."""

_FIRST_LOOK, _LATER_LOOKS = 0.02, 0.5
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_ID = re.compile(rb"[0-9A-Fa-f]{8}-?(?:[0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}")
_KEPT_HEADERS = frozenset({"content-type", "etag", "location"})

Handle = Callable[[], Awaitable[Response]]


async def written(request: Request, services: Services, principal: Principal, handle: Handle) -> Response:
    """Do a write, or answer what its first use was answered; raises `Refused` while that
    still runs, `InvalidInput` for a key that is no such or was used for another request, or `PreconditionFailed`."""
    key = request.headers.get(IDEMPOTENCY_KEY)
    if key is None:
        return await _guarded(request, services, principal, handle)
    if not _KEY.fullmatch(key):
        message = f"{IDEMPOTENCY_KEY} must have 1 to 255 visible ASCII characters."
        raise InvalidInput(message, code="bad_idempotency_key", field=IDEMPOTENCY_KEY)
    claim = Claim(key=key, fingerprint=await _fingerprint(request), holder=str(uuid4()))
    found = await _claimed(services, principal, claim)
    if isinstance(found, IdempotentResponse):
        return Response(found.body, found.status, {**found.headers, REPLAYED: "true"})
    if found is ClaimState.OTHER_WRITE:
        message = f"This {IDEMPOTENCY_KEY} was used for another request; take a new one."
        raise InvalidInput(message, code="idempotency_key_reused", field=IDEMPOTENCY_KEY)
    if found is ClaimState.RUNNING:
        message = f"The first request with this {IDEMPOTENCY_KEY} is still running; ask again in a moment."
        raise Refused(message, code="idempotency_key_in_use", retry_after=timedelta(seconds=1))
    return await _done_once(request, services, principal, claim, lambda: _guarded(request, services, principal, handle))


async def _claimed(services: Services, principal: Principal, claim: Claim) -> IdempotentResponse | ClaimState:
    """Take the key, waiting a while for whoever has it."""
    clock, pause = asyncio.get_running_loop().time, _FIRST_LOOK
    deadline = clock() + PATIENCE
    while (
        found := await services.repositories.idempotency.claim(principal.org_id, claim)
    ) is ClaimState.RUNNING and clock() < deadline:
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LATER_LOOKS)
    return found


async def _done_once(
    request: Request, services: Services, principal: Principal, claim: Claim, handle: Handle
) -> Response:
    """Do the write and keep its answer, a refusal of ours included; where it broke off, the key may be used again."""
    try:
        response = await handle()
    except (InvalidInput, NotFound, Refused) as error:
        response = refused(error)
    except BaseException:
        await asyncio.shield(_noted(lambda: services.repositories.idempotency.release(principal.org_id, claim)))
        raise
    if response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        headers = {name: value for name, value in response.headers.items() if name in _KEPT_HEADERS}
        body, about = bytes(response.body), _subjects(request, bytes(response.body))
        answer = IdempotentResponse(status=response.status_code, headers=headers, body=body, subjects=about)
        await _noted(lambda: services.repositories.idempotency.store(principal.org_id, claim, answer))
    else:
        await _noted(lambda: services.repositories.idempotency.release(principal.org_id, claim))
    return response


def _subjects(request: Request, body: bytes) -> frozenset[str]:
    """Return the ids that a request and its answer name."""
    named = " ".join(map(str, request.path_params.values())).encode() + b" " + body
    return frozenset(str(UUID(found.decode())) for found in _ID.findall(named))


async def _noted(note: Callable[[], Awaitable[None]]) -> None:
    """Note in the rows how a write ended; raises `DatabaseBusy` only after `TRIES_TO_END` waits."""
    for _ in range(TRIES_TO_END - 1):
        try:
            return await note()
        except DatabaseBusy:
            continue
    return await note()


async def _guarded(request: Request, services: Services, principal: Principal, handle: Handle) -> Response:
    """Do a write; updates of one thing come one after the other, each on what its caller has read."""
    if request.method not in GUARDED:
        return await handle()
    async with services.guarding, services.repositories.idempotency.exclusive(principal.org_id, request.url.path):
        await require_match(request)
        return await handle()


async def _fingerprint(request: Request) -> bytes:
    asked = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    asked.update(await request.body())
    return asked.digest()
