"""`billflow audit`: who did what, and whether the record of it is whole."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli.files import write_file
from billflow.cli.lookup import PagingHere, org_of, short
from billflow.cli.lookup import now as moment_now
from billflow.cli.output import Columns, Listing, Output, Table, complain, listed, time
from billflow.cli.params import AsJson, Since, example
from billflow.cli.session import Api, CommandGroup, Store, settings_here
from billflow.errors import CommandFailed

if TYPE_CHECKING:
    from billflow.models.contracts.audit import AuditRoot

app = CommandGroup()

_CHANGES: Columns = {
    "at": lambda change: time(change.at),
    "who~": lambda change: change.actor_name or change.actor,
    "action": lambda change: change.action,
    "subject": lambda change: f"{change.subject_type} {short(change.subject_id)}",
}


_ROOTS: Columns = {
    "day": lambda root: root.day,
    "from>": lambda root: root.first_position,
    "to>": lambda root: root.last_position,
    "key": lambda root: root.key_id,
    "root": lambda root: root.root,
}


@app.on_api("audit list --actor cli:ada", "audit list --since 2026-07-01 --json", name="list")
def list_(  # noqa: PLR0913  (each is one filter)
    api: Api,
    *,
    actor: Annotated[str | None, typer.Option(help="Who did it, such as cli:ada.")] = None,
    action: Annotated[str | None, typer.Option(help="What was done, such as customer.suspended.")] = None,
    subject: Annotated[str | None, typer.Option(help="The whole id of what it was done to.")] = None,
    since: Since = None,
    paging: PagingHere,
) -> Listing:
    """List changes, the newest first."""
    about = {"actor": actor, "action": action, "subject_id": subject}
    return listed("Changes", api.get("/audit", **about, since=since, **paging), _CHANGES)


@app.on_database("audit verify", "audit verify --head 9f86d081…")
async def verify(
    store: Store,
    head: Annotated[
        str | None, typer.Option(help="The head of an earlier verification, when nothing was written since.")
    ] = None,
    archive: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A file of the archive, to verify instead.")
    ] = None,
    roots: Annotated[
        Path | None,
        typer.Option(help="Roots that were kept elsewhere; our own unless set."),
    ] = None,
) -> Output:
    """Compute every hash of the audit log again; exits with 1 where an entry was changed, removed or slipped in.

    Invoices are held against the digests that the log has of them, the log against its signed roots. What `billflow
    prune` has archived is in files, each verified by itself; the log in the database follows from them.
    """
    org_id = await org_of(store)
    if archive:
        verdict = await store.audit_archive.verify(org_id, archive)
    else:
        verdict = await store.audit_roots.verify(org_id, _read(roots) if roots else None)
    for fault in verdict.faults:
        complain(f"Position {fault.position or '-'}, entry {fault.audit_id}: {fault.problem}.")
    if not verdict.faults and head in (None, verdict.head):
        return Output(verdict, f"All {verdict.entries} entries are as they were written; the head is {verdict.head}.")
    broken = f"The audit log is not as it was written: {len(verdict.faults)} faults in its chain"
    return Output(verdict, error=CommandFailed(f"{broken}; compare it with a backup.", code="audit_broken"))


@app.on_database("audit sign", "audit sign --now")
async def sign(
    store: Store,
    *,
    now: Annotated[bool, typer.Option("--now", help="What was recorded up to this moment too.")] = False,
) -> Output:
    """Sign the days of the audit log that are over; a schedule does it each night.

    Of each day one root is signed, which stands for all its entries, by the first of BILLFLOW_SIGNING_KEYS.
    """
    signed = await store.audit_roots.sign_by_request(await org_of(store), moment_now() if now else None)
    plural = "" if len(signed) == 1 else "s"
    told = f"Signed: {len(signed)} root{plural}." if signed else "Everything is signed."
    return Output({"roots": [root.model_dump(mode="json") for root in signed]}, told)


@app.on_database("audit roots", "audit roots --file roots.jsonl")
async def roots(
    store: Store,
    *,
    file: Annotated[Path | None, typer.Option(help="Write them to this file, one as JSON on each line.")] = None,
) -> Output:
    """List what was signed of the audit log; keep it elsewhere, so that nobody can rewrite the log unseen."""
    found = await store.audit_roots.all(await org_of(store))
    data = {"roots": [root.model_dump(mode="json") for root in found]}
    if file is None:
        return Output(data, Table(f"Roots: {len(found)}", _ROOTS, found))
    write_file(file, "".join(f"{root.model_dump_json()}\n" for root in found).encode(), "--file")
    return Output(data, f"Wrote {len(found)} roots to {file}.")


@app.command("signing-keys", epilog=example("audit signing-keys"))
def signing_keys(*, as_json: AsJson = False) -> None:
    """Print the public keys of BILLFLOW_SIGNING_KEYS, the current one first, for whoever verifies."""
    from billflow.settings import signing_keys_of

    keys = signing_keys_of(settings_here())
    rows = [] if keys is None else [{"key_id": name, "public_key": key} for name, key in keys.public_keys().items()]
    columns: Columns = {"id": lambda row: row["key_id"], "public key": lambda row: row["public_key"]}
    Output({"signing_keys": rows}, Table(f"Signing keys: {len(rows)}", columns, rows)).show(as_json=as_json)


def _read(file: Path) -> "list[AuditRoot]":
    from billflow.models.contracts.audit import AuditRoot

    try:
        return [AuditRoot.model_validate_json(line) for line in file.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError):
        message = f"{file} has no roots that can be read; name a file that billflow audit roots wrote."
        raise CommandFailed(message, code="audit_broken") from None
