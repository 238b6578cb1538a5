"""`billflow audit`: who did what, and whether the record of it is whole."""

from pathlib import Path
from typing import Annotated

import typer

from billflow.cli.lookup import PagingHere, org_of, short
from billflow.cli.output import Columns, Output, complain, paged, time
from billflow.cli.params import Since
from billflow.cli.session import CommandGroup, Store
from billflow.errors import CommandFailed

app = CommandGroup()

_CHANGES: Columns = {
    "at": lambda change: time(change.at),
    "actor": lambda change: change.actor,
    "action": lambda change: change.action,
    "subject": lambda change: f"{change.subject_type} {short(change.subject_id)}",
}


@app.on_database("audit list --actor cli:ada", "audit list --since 2026-07-01 --json", name="list")
async def list_(  # noqa: PLR0913  (each is one filter)
    store: Store,
    *,
    actor: Annotated[str | None, typer.Option(help="Who did it, such as cli:ada.")] = None,
    action: Annotated[str | None, typer.Option(help="What was done, such as customer.suspended.")] = None,
    subject: Annotated[str | None, typer.Option(help="The whole id of what it was done to.")] = None,
    since: Since = None,
    paging: PagingHere,
) -> Output:
    """List changes, the newest first."""
    from billflow.models.contracts.audit import AuditFilter

    wanted = AuditFilter(actor=actor, action=action, subject_id=subject, since=since)
    return paged("Changes", await store.queries.audit.list(await org_of(store), wanted, paging), _CHANGES, "audit")


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

    What `billflow prune` has archived is in files, each verified by itself; the log in the database follows from them.
    """
    org_id = await org_of(store)
    verdict = await (store.audit_archive.verify(org_id, archive) if archive else store.queries.audit.verify(org_id))
    for fault in verdict.faults:
        complain(f"Position {fault.position or '-'}, entry {fault.audit_id}: {fault.problem}.")
    if not verdict.faults and head in (None, verdict.head):
        return Output(verdict, f"All {verdict.entries} entries are as they were written; the head is {verdict.head}.")
    broken = f"The audit log is not as it was written: {len(verdict.faults)} faults in its chain"
    return Output(verdict, error=CommandFailed(f"{broken}; compare it with a backup.", code="audit_broken"))
