"""`billflow keys`: who may call the HTTP API."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli import output
from billflow.cli.encryption import rotate_encryption
from billflow.cli.lookup import now, only, org_of, short
from billflow.cli.params import AsJson, example, moment
from billflow.cli.session import actor, on_database

if TYPE_CHECKING:
    from billflow.models.contracts.access import ApiKeyRecord, IssuedKey
    from billflow.models.contracts.customers import ChangeContext
    from billflow.wiring.store import Store

app = typer.Typer(
    help="Make, list, revoke and rotate API keys.", epilog=example("keys create backend"), no_args_is_help=True
)

_KeyId = Annotated[str, typer.Argument(metavar="KEY", help="A key's id, or enough of its beginning.")]


@app.command(epilog=example("keys create backend", "keys create support-tool --scope read --scope support"))
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the key is for.")],
    *,
    scope: Annotated[
        list[str] | None, typer.Option(help="read, write, support or admin; read and write where left out.")
    ] = None,
    expires_at: Annotated[
        datetime | None, typer.Option(parser=moment, metavar="MOMENT", help="When it ends; never where left out.")
    ] = None,
    rate_limit: Annotated[int | None, typer.Option(help="Requests per second; 100 where left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key for the organization that BILLFLOW_ORG names; it is shown this once."""

    async def act(store: "Store") -> None:
        from billflow.models.contracts.access import NewApiKey

        named = {"name": name, "mode": store.mode, "expires_at": expires_at, "rate_limit": rate_limit}
        new = NewApiKey.model_validate({**named, "scopes": scope or ["read", "write"]})
        _show_new(await store.repositories.api_keys.create(await org_of(store), new, _change()), as_json=as_json)

    on_database(act)


@app.command("list", epilog=example("keys list"))
def list_(*, as_json: AsJson = False) -> None:
    """List the keys, the newest first; their secrets are kept nowhere."""

    async def act(store: "Store") -> None:
        keys = await store.repositories.api_keys.list(await org_of(store))
        if as_json:
            output.as_json({"keys": keys})
            return
        columns = ("id", "name", "mode", "scopes", "created", "last used", "state")
        output.table(f"API keys: {len(keys)}", columns, [_row(key) for key in keys])

    on_database(act)


@app.command(epilog=example("keys revoke 5f1c"))
def revoke(key: _KeyId, *, as_json: AsJson = False) -> None:
    """End a key; within seconds nothing answers to it any more."""

    async def act(store: "Store") -> None:
        revoked = await store.repositories.api_keys.revoke(await org_of(store), await _found(store, key), _change())
        if as_json:
            output.as_json(revoked)
        else:
            output.say(f"The key {revoked.name} ({short(revoked.key_id)}) is revoked.")

    on_database(act)


@app.command(epilog=example("keys rotate 5f1c --overlap-hours 48"))
def rotate(
    key: _KeyId,
    *,
    overlap_hours: Annotated[int, typer.Option(min=0, max=24 * 90, help="How long both keys work.")] = 24,
    as_json: AsJson = False,
) -> None:
    """Make a new key with the same rights; the old one goes on working for a while."""

    async def act(store: "Store") -> None:
        org_id, key_id = await org_of(store), await _found(store, key)
        issued = await store.repositories.api_keys.rotate(org_id, key_id, timedelta(hours=overlap_hours), _change())
        _show_new(issued, as_json=as_json)

    on_database(act)


app.command(epilog=example("keys rotate-encryption"))(rotate_encryption)


async def _found(store: "Store", typed: str) -> str:
    ids = [key.key_id for key in await store.repositories.api_keys.list(await org_of(store))]
    return only("API key", typed, [key_id for key_id in ids if key_id.startswith(typed.lower())])


def _change() -> "ChangeContext":
    from billflow.models.contracts.customers import ChangeContext

    return ChangeContext(actor=actor(), at=now())


def _show_new(issued: "IssuedKey", *, as_json: bool) -> None:
    text = issued.text.get_secret_value()
    if as_json:
        output.as_json({**issued.record.model_dump(mode="json"), "api_key": text})
        return
    parts = {"id": issued.record.key_id, "scopes": ", ".join(sorted(issued.record.scopes)), "key": text}
    output.facts(f"API key {issued.record.name}; it is shown this once", parts)


def _row(key: "ApiKeyRecord") -> tuple[str, ...]:
    times = [output.time(at) for at in (key.created_at, key.last_used_at)]
    return short(key.key_id), key.name, key.mode, ", ".join(sorted(key.scopes)), *times, _state(key)


def _state(key: "ApiKeyRecord") -> str:
    if key.revoked_at:
        return "revoked"
    if key.expires_at is None:
        return "valid"
    return f"valid until {output.time(key.expires_at)}" if key.is_valid(now()) else "expired"
