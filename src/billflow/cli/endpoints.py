"""`billflow endpoint`: where events are sent."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli.lookup import PagingHere, begun, change_here, id_of, org_of, short
from billflow.cli.output import Columns, FactList, Output, paged, time
from billflow.cli.params import Reason, moment_option
from billflow.cli.session import CommandGroup, Engine, Store

if TYPE_CHECKING:
    from billflow.models.contracts.endpoints import CreatedEndpoint

app = CommandGroup()

_ENDPOINTS: Columns = {
    "id": lambda endpoint: short(endpoint.endpoint_id),
    "url": lambda endpoint: endpoint.url,
    "events": lambda endpoint: ", ".join(endpoint.event_types) or "all",
    "status": lambda endpoint: endpoint.status,
}
_DELIVERIES: Columns = {
    "at": lambda delivery: time(delivery.at),
    "event": lambda delivery: short(delivery.event_id),
    "attempt>": lambda delivery: delivery.attempt,
    "outcome": lambda delivery: delivery.error or "delivered",
}

_EndpointHere = Annotated[str, id_of("endpoint"), begun("endpoint", "An")]


@app.on_database("endpoint create https://example.com/events --event-type invoice.paid")
async def create(
    store: Store,
    url: Annotated[str, typer.Argument(metavar="URL", help="Where to send events.")],
    *,
    types: Annotated[
        list[str] | None,
        typer.Option("--event-type", help="A type of event; every type where none is named. May be repeated."),
    ] = None,
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
) -> Output:
    """Make an endpoint; its secret is shown this once."""
    from billflow.models.contracts.endpoints import EndpointCreate

    new = EndpointCreate.model_validate({"url": url, "description": description, "event_types": types or ()})
    return _created(await store.endpoints.create(await org_of(store), new, change_here()))


@app.on_database("endpoint list", name="list")
async def list_(store: Store, paging: PagingHere) -> Output:
    """List endpoints, the newest first."""
    page = await store.endpoints.list(await org_of(store), paging)
    return paged("Endpoints", page, _ENDPOINTS, "webhook_endpoints")


@app.on_engine("endpoint disable 5f1c --reason 'moves to another host'")
async def disable(engine: Engine, endpoint: _EndpointHere, reason: Reason = None) -> Output:
    """Send nothing there until it is enabled again; what comes meanwhile is not kept for it."""
    return await _turned(engine, endpoint, "disabled", reason)


@app.on_engine("endpoint enable 5f1c")
async def enable(engine: Engine, endpoint: _EndpointHere, reason: Reason = None) -> Output:
    """Send events there again, first what had been waiting."""
    return await _turned(engine, endpoint, "enabled", reason)


@app.on_database("endpoint rotate 5f1c", "endpoint rotate 5f1c --overlap-hours 0")
async def rotate(
    store: Store,
    endpoint: _EndpointHere,
    overlap_hours: Annotated[int, typer.Option(min=0, max=24 * 90, help="How long both secrets sign.")] = 24,
) -> Output:
    """Give an endpoint a new secret, shown this once; the old one goes on signing for a while."""
    overlap = timedelta(hours=overlap_hours)
    return _created(await store.endpoints.rotate_secret(await org_of(store), endpoint, overlap, change_here()))


@app.on_engine("endpoint replay 5f1c --since 2026-07-01", "endpoint replay 5f1c --event 0192f3a0-…")
async def replay(
    engine: Engine,
    endpoint: _EndpointHere,
    *,
    event: Annotated[str | None, typer.Option("--event", help="The id of one event.")] = None,
    since: Annotated[datetime | None, moment_option("All that was recorded from then on.")] = None,
) -> Output:
    """Send events once more, in their order and under their ids."""
    from billflow.models.contracts.endpoints import ReplayCreate

    ask = ReplayCreate(event_id=event, since=since)
    messages = await engine.webhooks.replay(await org_of(engine), endpoint, ask, change_here())
    return Output({"messages": messages}, f"{messages} messages are on their way once more.")


@app.on_database("endpoint deliveries 5f1c")
async def deliveries(store: Store, endpoint: _EndpointHere, paging: PagingHere) -> Output:
    """List the attempts to deliver, the newest first."""
    page = await store.repositories.deliveries.list(await org_of(store), endpoint, paging)
    return paged("Attempts", page, _DELIVERIES, "deliveries")


def _created(made: "CreatedEndpoint") -> Output:
    from billflow.models.contracts.endpoint_responses import CreatedEndpointResponse

    record, secret = made.record, made.secret.get_secret_value()
    facts = FactList(f"Endpoint {record.url}", {"id": record.endpoint_id, "secret": secret})
    return Output(CreatedEndpointResponse.of(made), facts)


async def _turned(engine: Engine, endpoint_id: str, status: str, reason: str | None) -> Output:
    from billflow.models.contracts.endpoints import EndpointUpdate

    update = EndpointUpdate.model_validate({"status": status})
    record = await engine.webhooks.update_endpoint(await org_of(engine), endpoint_id, update, change_here(reason))
    return Output(record, f"The endpoint {record.url} ({short(record.endpoint_id)}) is {record.status}.")
