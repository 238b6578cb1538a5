"""Endpoints: made, changed, given another secret, sent events again, and deleted."""

from collections.abc import Mapping
from datetime import timedelta

from fastapi import APIRouter, Response

from billflow.api.routes.webhook_endpoints import SecretRotation
from billflow.console.actions import Preview, preview_of
from billflow.console.forms import FormTerms, written
from billflow.console.operations import Editing, Operation, OperationForm, Values, changed, secret_page, to
from billflow.console.pages import counted, moment
from billflow.console.security import ConsoleRoute, FormHere
from billflow.console.visits import AdminVisit, Visit
from billflow.domain.errors import NotFound
from billflow.models.contracts.base import RequestModel
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.endpoints import (
    CreatedEndpoint,
    EndpointCreate,
    EndpointStatus,
    EndpointUpdate,
    ReplayCreate,
)

_TERMS = FormTerms("USD", {}, labels={"url": "Address", "event_types": "Types of events"})

router = APIRouter(route_class=ConsoleRoute, prefix="/operate/endpoints")


class EndpointForm(EndpointCreate):
    """Where events are sent, of which types, and whether they are sent at all."""

    status: EndpointStatus


class DeletionForm(RequestModel):
    """Send nothing there any more; what was sent stays in the log."""


async def _current(visit: Visit, endpoint_id: str) -> Values:
    held = await visit.services.webhooks.endpoints.get(visit.org_id, endpoint_id)
    return {name: written(getattr(held, name), name, "USD") for name in EndpointForm.model_fields}


async def _preview_endpoint(_: Visit, __: str, asked: EndpointCreate) -> Preview:
    types = ", ".join(asked.event_types) or "every type"
    return preview_of([f"Events of {types} are sent to {asked.url}.", "Its secret is shown once, on the next page."])


async def _make_endpoint(visit: Visit, _: str, asked: EndpointCreate, change: ChangeContext) -> Response:
    return _secret(visit, await visit.services.webhooks.endpoints.create(visit.org_id, asked, change))


async def _changes(visit: Visit, endpoint_id: str, asked: EndpointForm) -> tuple[Mapping[str, object], EndpointUpdate]:
    """Return what there is, and the fields that would be others."""
    held = await visit.services.webhooks.endpoints.get(visit.org_id, endpoint_id)
    before = {name: getattr(held, name) for name in EndpointForm.model_fields}
    update = {name: value for name in before if (value := getattr(asked, name)) != before[name]}
    return before, EndpointUpdate(**update)


async def _preview_change(visit: Visit, endpoint_id: str, asked: EndpointForm) -> Preview:
    before, update = await _changes(visit, endpoint_id, asked)
    after = {name: getattr(update, name) for name in update.model_fields_set}
    if not after:
        return preview_of(["Nothing changes."])
    effects = {
        EndpointStatus.ENABLED: "What waited for it is sent at once, in its order.",
        EndpointStatus.DISABLED: "Nothing is sent there; events wait until it is enabled again.",
    }
    sentences = [effects[update.status]] if "status" in after else []
    return preview_of(sentences, terms=changed({name: before[name] for name in after}, after, _TERMS.labels))


async def _change_endpoint(visit: Visit, endpoint_id: str, asked: EndpointForm, change: ChangeContext) -> Response:
    _, update = await _changes(visit, endpoint_id, asked)
    await visit.services.webhooks.update_endpoint(visit.org_id, endpoint_id, update, change)
    return to(f"/endpoints/{endpoint_id}")


async def _preview_rotation(_: Visit, __: str, asked: SecretRotation) -> Preview:
    old = f"The old one signs too for {counted(asked.overlap_hours, 'hour')}." if asked.overlap_hours else ""
    return preview_of(["A new secret signs what is sent, and is shown once.", old or "The old one signs nothing more."])


async def _rotate_secret(visit: Visit, endpoint_id: str, asked: SecretRotation, change: ChangeContext) -> Response:
    overlap, endpoints = timedelta(hours=asked.overlap_hours), visit.services.webhooks.endpoints
    return _secret(visit, await endpoints.rotate_secret(visit.org_id, endpoint_id, overlap, change))


async def _preview_deletion(_: Visit, __: str, ___: DeletionForm) -> Preview:
    return preview_of(["Nothing is sent there any more, and what waits for it neither.", "It can't be brought back."])


async def _delete_endpoint(visit: Visit, endpoint_id: str, _: DeletionForm, change: ChangeContext) -> Response:
    await visit.services.webhooks.endpoints.delete(visit.org_id, endpoint_id, change)
    return to("/endpoints")


async def _preview_replay(_: Visit, __: str, asked: ReplayCreate) -> Preview:
    which = f"Every event it wants since {moment(asked.since)} UTC" if asked.since else f"The event {asked.event_id}"
    return preview_of([f"{which} is sent once more, under the id that it had."])


async def _replay(visit: Visit, endpoint_id: str, asked: ReplayCreate, change: ChangeContext) -> Response:
    await visit.services.webhooks.replay(visit.org_id, endpoint_id, asked, change)
    return to(f"/endpoints/{endpoint_id}")


def _secret(visit: Visit, made: CreatedEndpoint) -> Response:
    record = made.record
    page = (record.url, f"/endpoints/{record.endpoint_id}")
    note = "By it whoever takes the events tells that they come from here."
    return secret_page(visit, "The endpoint's secret", page, made.secret.get_secret_value(), note)


MAKE_ENDPOINT = Operation(
    "Make an endpoint",
    "/endpoints/make",
    "/endpoints",
    EndpointCreate,
    _preview_endpoint,
    _make_endpoint,
    "Where events are sent, signed; without event types it gets every event.",
    _TERMS,
)
NAMED: Mapping[str, Operation] = {
    "change": Operation(
        "Change the endpoint",
        "/endpoints/{}/change",
        "/endpoints/{}",
        EndpointForm,
        _preview_change,
        _change_endpoint,
        terms=_TERMS,
        editing=Editing(_current, "/api/v1/webhook-endpoints/{}"),
    ),
    "rotate": Operation(
        "Give it a new secret",
        "/endpoints/{}/rotate",
        "/endpoints/{}",
        SecretRotation,
        _preview_rotation,
        _rotate_secret,
        "The old secret signs beside the new one for some hours; 0 where it got into wrong hands.",
    ),
    "replay": Operation(
        "Send events again",
        "/endpoints/{}/replay",
        "/endpoints/{}",
        ReplayCreate,
        _preview_replay,
        _replay,
        "One event, or all that the endpoint wants from a moment on.",
    ),
    "delete": Operation(
        "Delete the endpoint",
        "/endpoints/{}/delete",
        "/endpoints/{}",
        DeletionForm,
        _preview_deletion,
        _delete_endpoint,
    ),
}
"""What is done with an endpoint that there is, by its name in addresses."""


async def _form(visit: Visit, endpoint_id: str, name: str) -> OperationForm:
    if name not in NAMED:
        raise NotFound("There is no page at this address; the endpoint's own shows what can be done.")
    endpoint = await visit.services.webhooks.endpoints.get(visit.org_id, endpoint_id)
    return OperationForm(visit, NAMED[name], endpoint.url, endpoint_id)


async def _sent_form(visit: Visit, endpoint_id: str, name: str) -> OperationForm:
    """Return the form of what was sent: of a deletion perhaps, that is sent a second time."""
    try:
        return await _form(visit, endpoint_id, name)
    except NotFound:
        if name != "delete":
            raise
        return OperationForm(visit, NAMED[name], "Endpoints", endpoint_id)


@router.get("/make")
async def show_make_endpoint(visit: AdminVisit) -> Response:
    """Show the form of a new endpoint."""
    return await OperationForm(visit, MAKE_ENDPOINT, "Endpoints").show()


@router.post("/make")
async def make_endpoint(visit: AdminVisit, sent: FormHere) -> Response:
    """Make an endpoint and show its secret once."""
    return await OperationForm(visit, MAKE_ENDPOINT, "Endpoints").do(sent)


@router.get("/{endpoint_id}/{operation}")
async def show_endpoint_operation(visit: AdminVisit, endpoint_id: str, operation: str) -> Response:
    """Show the form of what is done with an endpoint; once it is filled in, what it would do."""
    return await (await _form(visit, endpoint_id, operation)).show()


@router.post("/{endpoint_id}/{operation}")
async def do_with_endpoint(visit: AdminVisit, endpoint_id: str, operation: str, sent: FormHere) -> Response:
    """Do it, once for each form however often that is sent."""
    return await (await _sent_form(visit, endpoint_id, operation)).do(sent)
