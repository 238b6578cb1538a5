"""Keys of the API: made, replaced by others of the same rights, and revoked."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from billflow.api.routes.webhook_endpoints import SecretRotation
from billflow.console.actions import Preview, preview_of
from billflow.console.operations import Operation, OperationForm, secret_page, to
from billflow.console.pages import counted, moment
from billflow.console.security import ConsoleRoute, FormHere
from billflow.console.visits import AdminVisit, Visit
from billflow.domain.errors import InvalidInput, NotFound
from billflow.domain.scopes import Scope
from billflow.models.contracts.access import ApiKeyRecord, IssuedKey, NewApiKey
from billflow.models.contracts.base import RequestModel, RequestMoment
from billflow.models.contracts.customers import ChangeContext

_PAGE = ("API keys", "/keys")

router = APIRouter(route_class=ConsoleRoute, prefix="/operate/keys")


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


async def _preview_key(_: Visit, __: str, asked: KeyForm) -> Preview:
    until = f" until {moment(asked.expires_at)} UTC" if asked.expires_at else ""
    made = f"A key “{asked.name}” may {', '.join(sorted(asked.scopes))}{until}."
    return preview_of([made, "It is shown once, on the next page."])


async def _make_key(visit: Visit, _: str, asked: KeyForm, change: ChangeContext) -> Response:
    new = NewApiKey(name=asked.name, mode=visit.console.mode, scopes=asked.scopes, expires_at=asked.expires_at)
    return _issued(visit, await visit.services.repositories.api_keys.create(visit.org_id, new, change))


async def _preview_rotation(_: Visit, __: str, asked: SecretRotation) -> Preview:
    ends = f"in {counted(asked.overlap_hours, 'hour')}" if asked.overlap_hours else "at once"
    return preview_of([f"A key of the same rights is made and shown once; this one ends {ends}."])


async def _rotate_key(visit: Visit, key_id: str, asked: SecretRotation, change: ChangeContext) -> Response:
    overlap, keys = timedelta(hours=asked.overlap_hours), visit.services.repositories.api_keys
    return _issued(visit, await keys.rotate(visit.org_id, key_id, overlap, change))


async def _preview_revocation(_: Visit, __: str, ___: RevokeForm) -> Preview:
    return preview_of(["Whoever calls the API with it is refused."])


async def _revoke_key(visit: Visit, key_id: str, _: RevokeForm, change: ChangeContext) -> Response:
    await visit.services.repositories.api_keys.revoke(visit.org_id, key_id, change)
    return to("/keys")


def _issued(visit: Visit, issued: IssuedKey) -> Response:
    record = issued.record
    may = f"It may {', '.join(sorted(record.scopes))}."
    return secret_page(visit, f"The key {record.name}", _PAGE, issued.text.get_secret_value(), may)


MAKE_KEY = Operation("Make a key", "/keys/make", "/keys", KeyForm, _preview_key, _make_key)
ROTATE_KEY = Operation(
    "Replace the key",
    "/keys/{}/rotate",
    "/keys",
    SecretRotation,
    _preview_rotation,
    _rotate_key,
    "Make a key of the same rights, and let this one go on working for some hours; 0 where it got into wrong hands.",
)
REVOKE_KEY = Operation("Revoke the key", "/keys/{}/revoke", "/keys", RevokeForm, _preview_revocation, _revoke_key)


async def _key(visit: Visit, key_id: str) -> ApiKeyRecord:
    keys = await visit.services.repositories.api_keys.list(visit.org_id)
    found = next((key for key in keys if key.key_id == key_id), None)
    if found is None:
        raise NotFound("There is no such key.")
    return found


async def _form(visit: Visit, operation: Operation, key_id: str) -> OperationForm:
    return OperationForm(visit, operation, (await _key(visit, key_id)).name, key_id)


@router.get("/make")
async def show_make_key(visit: AdminVisit) -> Response:
    """Show the form of a new key."""
    return await OperationForm(visit, MAKE_KEY, "API keys").show()


@router.post("/make")
async def make_key(visit: AdminVisit, sent: FormHere) -> Response:
    """Make a key and show it once."""
    return await OperationForm(visit, MAKE_KEY, "API keys").do(sent)


@router.get("/{key_id}/rotate")
async def show_rotate_key(visit: AdminVisit, key_id: str) -> Response:
    """Show the form of how long a key is to work beside its successor."""
    return await (await _form(visit, ROTATE_KEY, key_id)).show()


@router.post("/{key_id}/rotate")
async def rotate_key(visit: AdminVisit, key_id: str, sent: FormHere) -> Response:
    """Make a key like this one, and show it once."""
    return await (await _form(visit, ROTATE_KEY, key_id)).do(sent)


@router.get("/{key_id}/revoke")
async def show_revoke_key(visit: AdminVisit, key_id: str) -> Response:
    """Show what revoking a key does."""
    return await (await _form(visit, REVOKE_KEY, key_id)).show()


@router.post("/{key_id}/revoke")
async def revoke_key(visit: AdminVisit, key_id: str, sent: FormHere) -> Response:
    """Revoke a key."""
    return await (await _form(visit, REVOKE_KEY, key_id)).do(sent)
