"""What an operator does with keys, endpoints and test clocks: a form, what it would do, then once for each form."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse
from pydantic import Field

from billflow.api.changes import change_by
from billflow.api.routes.test_clocks import TestClockAdvance, TestClockCreate
from billflow.console.actions import WHY, Action, Shown, key_in, reason_in, shown_action
from billflow.console.forms import FormTerms, fields_of, read_form
from billflow.console.pages import BASE, moment
from billflow.console.security import ConsoleRoute, FormHere
from billflow.console.visits import AdminVisit, Visit, VisitHere
from billflow.domain.errors import BillingError, InvalidInput, NotFound, Refused
from billflow.domain.scopes import Scope
from billflow.models.contracts.access import ApiKeyRecord, Claim, ClaimState, IdempotentResponse, Mode, NewApiKey
from billflow.models.contracts.base import RequestModel, RequestMoment
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.endpoints import ReplayCreate
from billflow.pages.forms import CSRF_FIELD

_TERMS = FormTerms("USD", {})

router = APIRouter(route_class=ConsoleRoute, prefix="/operate")


class KeyForm(RequestModel):
    """Make a key for the API; it is shown once."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    read: bool = False
    write: bool = False
    support: bool = False
    admin: bool = False
    expires_at: RequestMoment | None = None

    @property
    def scopes(self) -> frozenset[Scope]:
        """Return what the key may; raises `InvalidInput` where that is nothing."""
        chosen = frozenset(scope for scope in Scope if getattr(self, scope.value))
        if not chosen:
            raise InvalidInput("Choose at least one of read, write, support and admin.", field="read")
        return chosen


class RevokeForm(RequestModel):
    """End a key; within seconds nothing answers to it any more."""


Do = Callable[[Visit, str, Any, ChangeContext], Awaitable[Response]]


@dataclass(frozen=True)
class Operation:
    """One thing to do: its form, what it would do in sentences, how it is done, and the page it is about."""

    title: str
    path: str
    back: str
    kind: type[Any]
    preview: Callable[[Any], list[str]]
    do: Do
    description: str = ""

    def action(self, about: str, subject_id: str) -> Action:
        """Return it as it is titled, about something."""
        address = f"{BASE}/operate{self.path.format(subject_id)}"
        described = self.description or self.kind.__doc__ or ""
        return Action(self.title, described, address, about, f"{BASE}/operate{self.back.format(subject_id)}")


def _preview_key(asked: KeyForm) -> list[str]:
    until = f" until {moment(asked.expires_at)} UTC" if asked.expires_at else ""
    return [
        f"A key “{asked.name}” may {', '.join(sorted(asked.scopes))}{until}.",
        "It is shown once, on the next page.",
    ]


async def _make_key(visit: Visit, _: str, asked: KeyForm, change: ChangeContext) -> Response:
    new = NewApiKey(name=asked.name, mode=visit.console.mode, scopes=asked.scopes, expires_at=asked.expires_at)
    issued = await visit.services.repositories.api_keys.create(visit.org_id, new, change)
    return visit.page("key.html", record=issued.record, secret=issued.text.get_secret_value())


async def _revoke_key(visit: Visit, key_id: str, _: RevokeForm, change: ChangeContext) -> Response:
    await visit.services.repositories.api_keys.revoke(visit.org_id, key_id, change)
    return _to("/keys")


def _preview_replay(asked: ReplayCreate) -> list[str]:
    which = f"Every event it wants since {moment(asked.since)} UTC" if asked.since else f"The event {asked.event_id}"
    return [f"{which} is sent once more, under the id that it had."]


async def _replay(visit: Visit, endpoint_id: str, asked: ReplayCreate, change: ChangeContext) -> Response:
    await visit.services.webhooks.replay(visit.org_id, endpoint_id, asked, change)
    return _to(f"/endpoints/{endpoint_id}")


async def _make_clock(visit: Visit, _: str, asked: TestClockCreate, __: ChangeContext) -> Response:
    await visit.services.repositories.test_clocks.create(visit.org_id, asked.now_at, asked.name)
    return _to("/clocks")


async def _advance_clock(visit: Visit, clock_id: str, asked: TestClockAdvance, _: ChangeContext) -> Response:
    await visit.services.clocks.advance(visit.org_id, clock_id, asked.to)
    return _to("/clocks")


MAKE_KEY = Operation("Make a key", "/keys/make", "/keys", KeyForm, _preview_key, _make_key)
REVOKE_KEY = Operation(
    "Revoke the key",
    "/keys/{}/revoke",
    "/keys",
    RevokeForm,
    lambda _: ["Whoever calls the API with it is refused."],
    _revoke_key,
)
REPLAY = Operation(
    "Send events again",
    "/endpoints/{}/replay",
    "/endpoints/{}",
    ReplayCreate,
    _preview_replay,
    _replay,
    "One event, or all that the endpoint wants from a moment on.",
)
MAKE_CLOCK = Operation(
    "Make a test clock",
    "/clocks/make",
    "/clocks",
    TestClockCreate,
    lambda asked: [f"A clock stands at {moment(asked.now_at)} UTC until it is advanced."],
    _make_clock,
)
ADVANCE_CLOCK = Operation(
    "Advance the clock",
    "/clocks/{}/advance",
    "/clocks",
    TestClockAdvance,
    lambda asked: [f"All that is due before {moment(asked.to)} UTC happens now; the page waits for it."],
    _advance_clock,
)


def _to(path: str) -> Response:
    return RedirectResponse(f"{BASE}/operate{path}", HTTPStatus.SEE_OTHER)


def _show(visit: Visit, operation: Operation, about: str, subject_id: str = "") -> Response:
    action, fields = operation.action(about, subject_id), fields_of(operation.kind, visit.query, _TERMS)
    if not visit.query and fields:
        return shown_action(visit, action, fields)
    try:
        sentences = operation.preview(read_form(operation.kind, visit.query, _TERMS))
    except BillingError as error:
        return shown_action(visit, action, fields, Shown(problem=error))
    return shown_action(visit, action, fields, Shown({"sentences": sentences, "of_plan": None}))


async def _do(
    visit: Visit, operation: Operation, about: str, sent: Mapping[str, str], subject_id: str = ""
) -> Response:
    try:
        claim = _claim(operation, subject_id, sent)
        reason, asked = reason_in(sent), read_form(operation.kind, sent, _TERMS)
        operation.preview(asked)
        return await _once(
            visit, claim, lambda: operation.do(visit, subject_id, asked, change_by(visit.principal, reason))
        )
    except BillingError as error:
        fields = fields_of(operation.kind, sent, _TERMS)
        problem = Shown(problem=error, reason=sent.get(WHY, ""))
        return shown_action(visit, operation.action(about, subject_id), fields, problem)


def _claim(operation: Operation, subject_id: str, sent: Mapping[str, str]) -> Claim:
    told = repr((operation.path, subject_id, sorted(one for one in sent.items() if one[0] != CSRF_FIELD)))
    fingerprint = hashlib.sha256(told.encode()).digest()
    return Claim(key=key_in(sent), fingerprint=fingerprint, holder=str(uuid4()))


async def _once(visit: Visit, claim: Claim, do: Callable[[], Awaitable[Response]]) -> Response:
    """Do it, or go where it led the first time; a secret that was shown then is shown no more."""
    idempotency = visit.services.repositories.idempotency
    found = await idempotency.claim(visit.org_id, claim)
    if isinstance(found, IdempotentResponse):
        return RedirectResponse(found.headers["location"], HTTPStatus.SEE_OTHER)
    if found is not ClaimState.MINE:
        message = "This form was sent already and is still being worked on; look again in a moment."
        raise Refused(message, code="idempotency_key_in_use", retry_after=timedelta(seconds=1))
    try:
        answer = await do()
    except BaseException:
        await idempotency.release(visit.org_id, claim)
        raise
    location = answer.headers.get("location", f"{BASE}/operate/keys")
    done = IdempotentResponse(status=HTTPStatus.SEE_OTHER, headers={"location": location}, body=b"")
    await idempotency.store(visit.org_id, claim, done)
    return answer


async def _key(visit: Visit, key_id: str) -> ApiKeyRecord:
    keys = await visit.services.repositories.api_keys.list(visit.org_id)
    found = next((key for key in keys if key.key_id == key_id), None)
    if found is None:
        raise NotFound("There is no such key.")
    return found


async def _clock(visit: Visit, clock_id: str) -> str:
    _check_test_mode(visit)
    clock = await visit.services.repositories.test_clocks.get(visit.org_id, clock_id)
    return f"Test clock {clock.name or clock.test_clock_id}, at {moment(clock.now_at)} UTC"


def _check_test_mode(visit: Visit) -> None:
    if visit.console.mode is not Mode.TEST:
        raise NotFound("There are test clocks in test mode only.", code="no_such_route")


@router.get("/keys/make")
async def show_make_key(visit: AdminVisit) -> Response:
    """Show the form of a new key."""
    return _show(visit, MAKE_KEY, "API keys")


@router.post("/keys/make")
async def make_key(visit: AdminVisit, sent: FormHere) -> Response:
    """Make a key and show it once."""
    return await _do(visit, MAKE_KEY, "API keys", sent)


@router.get("/keys/{key_id}/revoke")
async def show_revoke_key(visit: AdminVisit, key_id: str) -> Response:
    """Show what revoking a key does."""
    return _show(visit, REVOKE_KEY, (await _key(visit, key_id)).name, key_id)


@router.post("/keys/{key_id}/revoke")
async def revoke_key(visit: AdminVisit, key_id: str, sent: FormHere) -> Response:
    """Revoke a key."""
    return await _do(visit, REVOKE_KEY, (await _key(visit, key_id)).name, sent, key_id)


@router.get("/endpoints/{endpoint_id}/replay")
async def show_replay(visit: AdminVisit, endpoint_id: str) -> Response:
    """Show the form of what is sent again."""
    endpoint = await visit.services.webhooks.endpoints.get(visit.org_id, endpoint_id)
    return _show(visit, REPLAY, endpoint.url, endpoint_id)


@router.post("/endpoints/{endpoint_id}/replay")
async def replay_events(visit: AdminVisit, endpoint_id: str, sent: FormHere) -> Response:
    """Send events to an endpoint once more."""
    endpoint = await visit.services.webhooks.endpoints.get(visit.org_id, endpoint_id)
    return await _do(visit, REPLAY, endpoint.url, sent, endpoint_id)


@router.get("/clocks/make")
async def show_make_clock(visit: VisitHere) -> Response:
    """Show the form of a new test clock."""
    _check_test_mode(visit)
    return _show(visit, MAKE_CLOCK, "Test clocks")


@router.post("/clocks/make")
async def make_clock(visit: VisitHere, sent: FormHere) -> Response:
    """Make a test clock."""
    _check_test_mode(visit)
    return await _do(visit, MAKE_CLOCK, "Test clocks", sent)


@router.get("/clocks/{test_clock_id}/advance")
async def show_advance_clock(visit: VisitHere, test_clock_id: str) -> Response:
    """Show the form of where a test clock is advanced to."""
    return _show(visit, ADVANCE_CLOCK, await _clock(visit, test_clock_id), test_clock_id)


@router.post("/clocks/{test_clock_id}/advance")
async def advance_clock(visit: VisitHere, test_clock_id: str, sent: FormHere) -> Response:
    """Advance a test clock, and wait for all that is due."""
    return await _do(visit, ADVANCE_CLOCK, await _clock(visit, test_clock_id), sent, test_clock_id)
