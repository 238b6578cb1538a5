"""`billflow events`: what happened; `billflow foreign-events`: what Stripe sent that is nobody's."""

from typing import Annotated

import typer

from billflow.cli.lookup import CustomerOption, PagingHere, short
from billflow.cli.output import Columns, Listing, listed, time, whole, words
from billflow.cli.params import Limit, Since
from billflow.cli.session import Api, Store, on_api, on_database

_EVENTS: Columns = {
    "at": lambda event: time(event.at),
    "type": lambda event: event.type,
    "customer": lambda event: short(event.customer_id),
    "plan": lambda event: short(event.plan_id),
    "id": lambda event: short(event.id),
}

_FOREIGN: Columns = {
    "received": lambda event: time(event.received_at),
    "type": lambda event: event.type,
    "why": lambda event: words(event.reason),
    "customer at Stripe": lambda event: event.objects.customer,
    "invoice at Stripe": lambda event: event.objects.invoice,
    "id": lambda event: event.event_id,
}


@on_api
def events(
    api: Api,
    *,
    type_: Annotated[str | None, typer.Option("--type", help="A type such as invoice.paid.")] = None,
    customer: CustomerOption = None,
    since: Since = None,
    paging: PagingHere,
) -> Listing:
    """List what happened, the newest first."""
    return listed("Events", api.get("/events", type=type_, customer_id=customer, since=since, **paging), _EVENTS)


@on_database
async def foreign_events(store: Store, *, limit: Limit = 50) -> Listing:
    """List the signed events of Stripe's that belong to no organization, the newest first.

    Their customer or invoice is none of ours, or they are of the other mode; nothing is done about them.
    """
    found = await store.repositories.stripe_events.list_foreign(limit)
    return whole("Foreign events", found, _FOREIGN)
