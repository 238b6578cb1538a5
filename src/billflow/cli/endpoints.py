"""`billflow endpoint`: where events are sent."""

from datetime import datetime
from typing import Annotated

import typer

from billflow.cli.json_objects import JsonObject, given
from billflow.cli.lookup import PagingHere, begun, id_of, short
from billflow.cli.output import Columns, FactList, Listing, Output, listed, time
from billflow.cli.params import moment_option
from billflow.cli.session import Api, CommandGroup

app = CommandGroup()

_ENDPOINTS: Columns = {
    "id": lambda endpoint: short(endpoint.id),
    "url": lambda endpoint: endpoint.url,
    "events~": lambda endpoint: ", ".join(endpoint.event_types) or "all",
    "status": lambda endpoint: endpoint.status,
}
_DELIVERIES: Columns = {
    "at": lambda delivery: time(delivery.at),
    "event": lambda delivery: short(delivery.event_id),
    "attempt>": lambda delivery: delivery.attempt,
    "outcome~": lambda delivery: delivery.error or "delivered",
}

_EndpointHere = Annotated[str, id_of("endpoint"), begun("endpoint", "An")]


@app.on_api("endpoint create https://example.com/events --event-type invoice.paid")
def create(
    api: Api,
    url: Annotated[str, typer.Argument(metavar="URL", help="Where to send events.")],
    *,
    types: Annotated[
        list[str] | None,
        typer.Option("--event-type", help="A type of event; every type where none is named. May be repeated."),
    ] = None,
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
) -> Output:
    """Make an endpoint; its secret is shown this once."""
    new = given(url=url, description=description, event_types=types)
    return _created(api.write("POST", "/webhook-endpoints", new))


@app.on_api("endpoint list", name="list")
def list_(api: Api, paging: PagingHere) -> Listing:
    """List endpoints, the newest first."""
    return listed("Endpoints", api.get("/webhook-endpoints", **paging), _ENDPOINTS)


@app.on_api("endpoint disable 5f1c")
def disable(api: Api, endpoint: _EndpointHere) -> Output:
    """Send nothing there until it is enabled again; what comes meanwhile is not kept for it."""
    return _turned(api, endpoint, "disabled")


@app.on_api("endpoint enable 5f1c")
def enable(api: Api, endpoint: _EndpointHere) -> Output:
    """Send events there again, first what had been waiting."""
    return _turned(api, endpoint, "enabled")


@app.on_api("endpoint rotate 5f1c", "endpoint rotate 5f1c --overlap-hours 0")
def rotate(
    api: Api,
    endpoint: _EndpointHere,
    overlap_hours: Annotated[int, typer.Option(min=0, max=24 * 90, help="How long both secrets sign.")] = 24,
) -> Output:
    """Give an endpoint a new secret, shown this once; the old one goes on signing for a while."""
    path = f"/webhook-endpoints/{endpoint}/rotate-secret"
    return _created(api.write("POST", path, {"overlap_hours": overlap_hours}))


@app.on_api("endpoint replay 5f1c --since 2026-07-01", "endpoint replay 5f1c --event e57864eb")
def replay(
    api: Api,
    endpoint: _EndpointHere,
    *,
    event: Annotated[
        str | None, id_of("event"), typer.Option("--event", help="One event's id, or enough of its beginning.")
    ] = None,
    since: Annotated[datetime | None, moment_option("All that was recorded from then on.")] = None,
) -> Output:
    """Send events once more, in their order and under their ids."""
    wanted = given(event_id=event, since=since)
    sent = api.write("POST", f"/webhook-endpoints/{endpoint}/replay", wanted)
    return Output(sent, f"{sent.messages} messages are on their way once more.")


@app.on_api("endpoint deliveries 5f1c")
def deliveries(api: Api, endpoint: _EndpointHere, paging: PagingHere) -> Listing:
    """List the attempts to deliver, the newest first."""
    return listed("Attempts", api.get(f"/webhook-endpoints/{endpoint}/deliveries", **paging), _DELIVERIES)


def _created(made: JsonObject) -> Output:
    return Output(made, FactList(f"Endpoint {made.url}", {"id": made.id, "secret": made.secret}))


def _turned(api: Api, endpoint_id: str, status: str) -> Output:
    found = api.write("PATCH", f"/webhook-endpoints/{endpoint_id}", {"status": status})
    return Output(found, f"The endpoint {found.url} ({short(found.id)}) is {found.status}.")
