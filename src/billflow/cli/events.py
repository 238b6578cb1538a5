"""`billflow events`: what happened."""

from typing import Annotated

import typer

from billflow.cli.lookup import CustomerOption, PagingHere, org_of, short
from billflow.cli.output import Columns, Output, paged, time
from billflow.cli.params import Since
from billflow.cli.session import Store, on_database

_EVENTS: Columns = {
    "at": lambda event: time(event.at),
    "type": lambda event: event.type,
    "customer": lambda event: short(event.customer_id),
    "plan": lambda event: short(event.plan_id),
    "id": lambda event: event.event_id,
}


@on_database
async def events(
    store: Store,
    *,
    type_: Annotated[str | None, typer.Option("--type", help="A type such as invoice.paid.")] = None,
    customer: CustomerOption = None,
    since: Since = None,
    paging: PagingHere,
) -> Output:
    """List what happened, the newest first."""
    from billflow.models.contracts.endpoints import EventFilter

    wanted = EventFilter(type=type_, customer_id=customer, since=since)
    return paged("Events", await store.repositories.outbox.list(await org_of(store), wanted, paging), _EVENTS)
