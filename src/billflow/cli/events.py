"""`billflow events`: what happened."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli import output
from billflow.cli.lookup import found, org_of, short
from billflow.cli.params import After, AsJson, Limit, moment
from billflow.cli.session import on_database

if TYPE_CHECKING:
    from billflow.wiring.store import Store


def events(  # noqa: PLR0913  (each is one filter)
    *,
    type_: Annotated[str | None, typer.Option("--type", help="A type such as invoice.paid.")] = None,
    customer: Annotated[str | None, typer.Option(help="A customer's id, or enough of its beginning.")] = None,
    since: Annotated[
        datetime | None, typer.Option(parser=moment, metavar="MOMENT", help="Recorded then or later.")
    ] = None,
    limit: Limit = 50,
    after: After = None,
    as_json: AsJson = False,
) -> None:
    """List what happened, the newest first."""

    async def act(store: "Store") -> None:
        from billflow.models.contracts.endpoints import EventFilter
        from billflow.models.contracts.records import Paging

        customer_id = await found(store, "customer", customer) if customer else None
        wanted = EventFilter(type=type_, customer_id=customer_id, since=since)
        page = await store.repositories.outbox.list(await org_of(store), wanted, Paging(limit=limit, after=after))
        if as_json:
            output.as_json({"events": page.rows, "total": page.total, "next": page.next})
            return
        rows = [(output.time(e.at), e.type, short(e.customer_id), short(e.plan_id), e.event_id) for e in page.rows]
        output.table(f"Events: {page.total}", ("at", "type", "customer", "plan", "id"), rows)

    on_database(act)
