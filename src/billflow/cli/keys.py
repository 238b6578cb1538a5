"""`billflow keys`: who may call the HTTP API, the key under which personal data is kept, and the one that signs."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli.lookup import begun, change_here, id_of, now, org_of, short
from billflow.cli.output import Columns, FactList, Output, Table, day, time
from billflow.cli.params import AsJson, example, moment_option
from billflow.cli.session import CommandGroup, Store

if TYPE_CHECKING:
    from billflow.models.contracts.access import ApiKeyRecord, IssuedKey

app = CommandGroup()


def _state(key: "ApiKeyRecord") -> str:
    if key.revoked_at:
        return "revoked"
    if key.expires_at is None:
        return "valid"
    return f"valid until {time(key.expires_at)}" if key.is_valid(now()) else "expired"


_KEYS: Columns = {
    "id": lambda key: short(key.key_id),
    "name~": lambda key: key.name,
    "mode": lambda key: key.mode,
    "scopes~": lambda key: ", ".join(sorted(key.scopes)),
    "created": lambda key: day(key.created_at),
    "last used": lambda key: day(key.last_used_at),
    "state~": _state,
}

_KeyHere = Annotated[str, id_of("API key"), begun("key")]


@app.on_database("keys create backend", "keys create support-tool --scope read --scope support")
async def create(
    store: Store,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the key is for.")],
    *,
    scope: Annotated[
        list[str] | None, typer.Option(help="read, write, support or admin; read and write where left out.")
    ] = None,
    expires_at: Annotated[datetime | None, moment_option("When it ends; never where left out.")] = None,
    rate_limit: Annotated[int | None, typer.Option(help="Requests per second; 100 where left out.")] = None,
) -> Output:
    """Make a key for the organization that BILLFLOW_ORG names; it is shown this once."""
    from billflow.models.contracts.access import NewApiKey

    named = {"name": name, "mode": store.mode, "expires_at": expires_at, "rate_limit": rate_limit}
    new = NewApiKey.model_validate({**named, "scopes": scope or ["read", "write"]})
    return _issued(await store.repositories.api_keys.create(await org_of(store), new, change_here()))


@app.on_database("keys list", name="list")
async def list_(store: Store) -> Output:
    """List the keys, the newest first; their secrets are kept nowhere."""
    keys = await store.repositories.api_keys.list(await org_of(store))
    return Output({"keys": keys, "total": len(keys), "next": None}, Table(f"API keys: {len(keys)}", _KEYS, keys))


@app.on_database("keys revoke 5f1c")
async def revoke(store: Store, key: _KeyHere) -> Output:
    """End a key; within seconds nothing answers to it any more."""
    revoked = await store.repositories.api_keys.revoke(await org_of(store), key, change_here())
    return Output(revoked, f"The key {revoked.name} ({short(revoked.key_id)}) is revoked.")


@app.on_database("keys rotate 5f1c --overlap-hours 48")
async def rotate(
    store: Store,
    key: _KeyHere,
    overlap_hours: Annotated[int, typer.Option(min=0, max=24 * 90, help="How long both keys work.")] = 24,
) -> Output:
    """Make a new key with the same rights; the old one goes on working for a while."""
    overlap = timedelta(hours=overlap_hours)
    return _issued(await store.repositories.api_keys.rotate(await org_of(store), key, overlap, change_here()))


@app.on_database("keys rotate-encryption")
async def rotate_encryption(store: Store) -> Output:
    """Encrypt again by the first of BILLFLOW_ENCRYPTION_KEYS what another key encrypted; the other may go after that.

    Temporal's histories keep their keys until they are older than the namespace's retention.
    """
    rows = await store.key_rotation.run()
    return Output({"rows": rows}, f"{rows} records are encrypted by the current key.")


@app.command("create-signing", epilog=example("keys create-signing first"))
def create_signing(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its id, which signatures name.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Make a key that signs the audit log, to be put first in BILLFLOW_SIGNING_KEYS; it is kept nowhere.

    Give its public key to whoever is to verify proofs of invoices.
    """
    from billflow.models.keyring import Key
    from billflow.models.signatures import SigningKeys, public_key_of

    key = Key.fresh(name)
    (key,) = SigningKeys.read(key.text()).keys
    made = {"key_id": key.key_id, "public_key": public_key_of(key), "signing_key": key.text()}
    shown = {"public key": made["public_key"], "BILLFLOW_SIGNING_KEYS": made["signing_key"]}
    Output(made, FactList(f"Signing key {key.key_id}; it is shown this once", shown)).show(as_json=as_json)


def _issued(issued: "IssuedKey") -> Output:
    from billflow.cli.output_responses import ApiKeyResponse

    record, text = issued.record, issued.text.get_secret_value()
    parts = {"id": record.key_id, "scopes": ", ".join(sorted(record.scopes)), "key": text}
    facts = FactList(f"API key {record.name}; it is shown this once", parts)
    shown = ApiKeyResponse.model_validate(record, from_attributes=True).model_dump(by_alias=True)
    return Output({**shown, "api_key": text}, facts)
