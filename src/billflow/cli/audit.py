"""`billflow audit`: who did what, and whether the record of it is whole."""

from pathlib import Path
from typing import Annotated

import typer

from billflow.cli.lookup import PagingHere, org_of, short
from billflow.cli.output import Columns, Listing, Output, complain, listed, time
from billflow.cli.params import Since
from billflow.cli.session import Api, CommandGroup, Store
from billflow.errors import CommandFailed

app = CommandGroup()

_CHANGES: Columns = {
    "at": lambda change: time(change.at),
    "who~": lambda change: change.actor_name or change.actor,
    "action": lambda change: change.action,
    "subject": lambda change: f"{change.subject_type} {short(change.subject_id)}",
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
) -> Output:
    """Compute every hash of the audit log again; exits with 1 where an entry was changed, removed or slipped in.

    Invoices are held against the digests that the log has of them. What `billflow prune` has archived is in files, each
    verified by itself; the log in the database follows from them.
    """
    org_id = await org_of(store)
    verdict = await (store.audit_archive.verify(org_id, archive) if archive else store.queries.audit.verify(org_id))
    for fault in verdict.faults:
        complain(f"Position {fault.position or '-'}, entry {fault.audit_id}: {fault.problem}.")
    if not verdict.faults and head in (None, verdict.head):
        return Output(verdict, f"All {verdict.entries} entries are as they were written; the head is {verdict.head}.")
    broken = f"The audit log is not as it was written: {len(verdict.faults)} faults in its chain"
    return Output(verdict, error=CommandFailed(f"{broken}; compare it with a backup.", code="audit_broken"))
