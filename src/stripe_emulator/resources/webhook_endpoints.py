"""Webhook endpoints: create (the only time the secret shows), retrieve, update, delete, list."""

from collections.abc import Sequence

from stripe_emulator.engine import fields
from stripe_emulator.engine.expand import deleted
from stripe_emulator.engine.lists import page
from stripe_emulator.engine.operations import Args, operation
from stripe_emulator.engine.services import Services
from stripe_emulator.engine.unit import Origin, Unit
from stripe_emulator.errors import invalid
from stripe_emulator.storage.outbox import EVERY_ACCOUNT
from stripe_emulator.storage.query import Query
from stripe_emulator.types import Obj

EVERY_TYPE = ("*",)


def check(params: Obj) -> None:
    """Raise StripeError for an address that is no web address."""
    url = params.get("url")
    if url is not None and not url.startswith(("http://", "https://")):
        raise invalid(
            "Invalid URL: an explicit scheme (such as https) must be provided.", code="url_invalid", param="url"
        )


def new_endpoint(unit: Unit, url: str, secret: str, types: list[str]) -> Obj:
    """Store an endpoint that is told of the given event types, `*` for all."""
    endpoint = unit.blank("webhook_endpoint")
    endpoint.update(url=url, enabled_events=types, status="enabled", metadata={}, _sim={"secret": secret})
    return unit.add(endpoint)


def register_everywhere(services: Services, url: str, secret: str, types: Sequence[str] = EVERY_TYPE) -> None:
    """Keep one endpoint that hears of every account, with a known secret, of the given event types.

    An earlier one moves to the new address, with what it has not been told yet.
    """
    with services.db.transaction():
        unit = Unit(services, EVERY_ACCOUNT, Origin())
        found = unit.select(Query("webhook_endpoint"))
        endpoint = found[0] if found else new_endpoint(unit, url, secret, [*types])
        endpoint.update(url=url, enabled_events=[*types], _sim={"secret": secret})
        unit.save(endpoint)
        unit.flush()


def remove_everywhere(services: Services) -> None:
    """Remove the endpoint that hears of every account."""
    with services.db.transaction():
        unit = Unit(services, EVERY_ACCOUNT, Origin())
        for old in unit.select(Query("webhook_endpoint")):
            unit.remove(old)


@operation("webhook_endpoint.create", check)
def create(unit: Unit, args: Args) -> Obj:
    """Create an endpoint and show its secret."""
    secret = f"whsec_{unit.services.ids.text(32)}"
    endpoint = new_endpoint(unit, args.params["url"], secret, args.params["enabled_events"])
    fields.copy(endpoint, args.params, ("api_version", "description"))
    fields.merge_metadata(endpoint, args.params)
    unit.save(endpoint)
    shown = {name: value for name, value in endpoint.items() if name != "_sim"}
    return {**shown, "secret": secret}


@operation("webhook_endpoint.retrieve")
def retrieve(unit: Unit, args: Args) -> Obj:
    """Return an endpoint without its secret."""
    return unit.get("webhook_endpoint", args.id)


@operation("webhook_endpoint.update", check)
def update(unit: Unit, args: Args) -> Obj:
    """Change an endpoint; a disabled one gets nothing, not even retries."""
    endpoint = unit.get("webhook_endpoint", args.id)
    given = {name: value for name, value in args.params.items() if value is not None}
    fields.copy(endpoint, given, ("url", "enabled_events"))
    fields.copy(endpoint, args.params, ("description",))
    fields.merge_metadata(endpoint, args.params)
    if args.params.get("disabled") is not None:
        endpoint["status"] = "disabled" if args.params["disabled"] else "enabled"
    unit.save(endpoint)
    return endpoint


@operation("webhook_endpoint.delete")
def delete(unit: Unit, args: Args) -> Obj:
    """Delete an endpoint."""
    endpoint = unit.get("webhook_endpoint", args.id)
    unit.remove(endpoint)
    return deleted(endpoint)


@operation("webhook_endpoint.list")
def list_endpoints(unit: Unit, args: Args) -> Obj:
    """List endpoints."""
    return page(unit, args, Query("webhook_endpoint"))
