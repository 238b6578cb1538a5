"""`billflow endpoint`: where events are sent."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli import output
from billflow.cli.lookup import now, only, org_of, short
from billflow.cli.params import After, AsJson, Limit, Reason, example, moment
from billflow.cli.session import actor, on_database, run

if TYPE_CHECKING:
    from billflow.models.contracts.customers import ChangeContext
    from billflow.models.contracts.endpoints import CreatedEndpoint, EndpointRecord
    from billflow.wiring.engine import Engine
    from billflow.wiring.store import Store

app = typer.Typer(
    help="Send events to endpoints, signed as Standard Webhooks describes.",
    epilog=example("endpoint create https://example.com/events"),
    no_args_is_help=True,
)

_EndpointId = Annotated[str, typer.Argument(metavar="ENDPOINT", help="An endpoint's id, or enough of its beginning.")]
_Type = Annotated[
    list[str] | None, typer.Option("--type", help="A type of event; every type where none is named. May be repeated.")
]


@app.command(epilog=example("endpoint create https://example.com/events --type invoice.paid"))
def create(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where to send events.")],
    *,
    types: _Type = None,
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make an endpoint; its secret is shown this once."""

    async def act(store: "Store") -> None:
        from billflow.models.contracts.endpoints import NewEndpoint

        new = NewEndpoint.model_validate({"url": url, "description": description, "event_types": types or ()})
        made = await store.endpoints.create(await org_of(store), new, _change())
        _show_made(made, as_json=as_json)

    on_database(act)


@app.command("list", epilog=example("endpoint list"))
def list_(*, limit: Limit = 50, after: After = None, as_json: AsJson = False) -> None:
    """List endpoints, the newest first."""

    async def act(store: "Store") -> None:
        from billflow.models.contracts.records import Paging

        page = await store.endpoints.list(await org_of(store), Paging(limit=limit, after=after))
        if as_json:
            output.as_json({"webhook_endpoints": page.rows, "total": page.total, "next": page.next})
            return
        rows = [(short(e.endpoint_id), e.url, ", ".join(e.event_types) or "all", e.status) for e in page.rows]
        output.table(f"Endpoints: {page.total}", ("id", "url", "events", "status"), rows)

    on_database(act)


@app.command(epilog=example("endpoint disable 5f1c --reason 'moves to another host'"))
def disable(endpoint: _EndpointId, *, reason: Reason = None, as_json: AsJson = False) -> None:
    """Send nothing there until it is enabled again; what comes meanwhile is not kept for it."""
    _turn(endpoint, "disabled", reason, as_json=as_json)


@app.command(epilog=example("endpoint enable 5f1c"))
def enable(endpoint: _EndpointId, *, reason: Reason = None, as_json: AsJson = False) -> None:
    """Send events there again, first what had been waiting."""
    _turn(endpoint, "enabled", reason, as_json=as_json)


@app.command(epilog=example("endpoint rotate 5f1c", "endpoint rotate 5f1c --overlap-hours 0"))
def rotate(
    endpoint: _EndpointId,
    *,
    overlap_hours: Annotated[int, typer.Option(min=0, max=24 * 90, help="How long both secrets sign.")] = 24,
    as_json: AsJson = False,
) -> None:
    """Give an endpoint a new secret, shown this once; the old one goes on signing for a while."""

    async def act(store: "Store") -> None:
        overlap, endpoint_id = timedelta(hours=overlap_hours), await _found(store, endpoint)
        endpoints = store.endpoints
        _show_made(await endpoints.rotate_secret(await org_of(store), endpoint_id, overlap, _change()), as_json=as_json)

    on_database(act)


@app.command(epilog=example("endpoint replay 5f1c --since 2026-07-01", "endpoint replay 5f1c --event 0192f3a0-…"))
def replay(
    endpoint: _EndpointId,
    *,
    event: Annotated[str | None, typer.Option("--event", help="The id of one event.")] = None,
    since: Annotated[
        datetime | None, typer.Option(parser=moment, metavar="MOMENT", help="All that was recorded from then on.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Send events once more, in their order and under their ids."""

    async def act(engine: "Engine") -> None:
        from billflow.models.contracts.endpoints import ReplayInput

        ask = ReplayInput(event_id=event, since=since)
        endpoint_id = await _found(engine, endpoint)
        messages = await engine.webhooks.replay(await org_of(engine), endpoint_id, ask, _change())
        if as_json:
            output.as_json({"messages": messages})
        else:
            output.say(f"{messages} messages are on their way once more.")

    run(act)


@app.command(epilog=example("endpoint deliveries 5f1c"))
def deliveries(endpoint: _EndpointId, *, limit: Limit = 50, after: After = None, as_json: AsJson = False) -> None:
    """List the attempts to deliver, the newest first."""

    async def act(store: "Store") -> None:
        from billflow.models.contracts.records import Paging

        endpoint_id, paging = await _found(store, endpoint), Paging(limit=limit, after=after)
        page = await store.repositories.deliveries.list(await org_of(store), endpoint_id, paging)
        if as_json:
            output.as_json({"deliveries": page.rows, "total": page.total, "next": page.next})
            return
        rows = [(output.time(d.at), short(d.event_id), str(d.attempt), d.error or "delivered") for d in page.rows]
        output.table(f"Attempts: {page.total}", ("at", "event", "attempt>", "outcome"), rows)

    on_database(act)


def _show_made(made: "CreatedEndpoint", *, as_json: bool) -> None:
    secret = made.secret.get_secret_value()
    if as_json:
        output.as_json({**made.record.model_dump(mode="json"), "secret": secret})
    else:
        output.facts(f"Endpoint {made.record.url}", {"id": made.record.endpoint_id, "secret": secret})


def _turn(typed: str, status: str, reason: str | None, *, as_json: bool) -> None:
    async def act(engine: "Engine") -> None:
        from billflow.models.contracts.endpoints import EndpointChange, EndpointStatus

        update, endpoint_id = EndpointChange(status=EndpointStatus(status)), await _found(engine, typed)
        record = await engine.webhooks.update_endpoint(await org_of(engine), endpoint_id, update, _change(reason))
        _show(record, as_json=as_json)

    run(act)


def _show(record: "EndpointRecord", *, as_json: bool) -> None:
    if as_json:
        output.as_json(record)
    else:
        output.say(f"The endpoint {record.url} ({short(record.endpoint_id)}) is {record.status}.")


async def _found(store: "Store", typed: str) -> str:
    from billflow.models.contracts.records import Paging

    page = await store.endpoints.list(await org_of(store), Paging(limit=100))
    ids = [record.endpoint_id for record in page.rows if record.endpoint_id.startswith(typed.lower())]
    return only("endpoint", typed, ids)


def _change(reason: str | None = None) -> "ChangeContext":
    from billflow.models.contracts.customers import ChangeContext

    return ChangeContext(actor=actor(), at=now(), reason=reason)
