"""`billflow audit`: who did what, and whether the record of it is whole."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli import output
from billflow.cli.lookup import org_of, short
from billflow.cli.params import After, AsJson, Limit, example, moment
from billflow.cli.session import on_database
from billflow.errors import CommandFailed

if TYPE_CHECKING:
    from billflow.wiring.store import Store

app = typer.Typer(help="Look at the audit log and verify it.", epilog=example("audit list"), no_args_is_help=True)


@app.command("list", epilog=example("audit list --actor cli:ada", "audit list --since 2026-07-01 --json"))
def list_(  # noqa: PLR0913  (each is one filter)
    *,
    actor: Annotated[str | None, typer.Option(help="Who did it, such as cli:ada.")] = None,
    action: Annotated[str | None, typer.Option(help="What was done, such as customer.suspended.")] = None,
    subject: Annotated[str | None, typer.Option(help="The whole id of what it was done to.")] = None,
    since: Annotated[
        datetime | None, typer.Option(parser=moment, metavar="MOMENT", help="Recorded then or later.")
    ] = None,
    limit: Limit = 50,
    after: After = None,
    as_json: AsJson = False,
) -> None:
    """List changes, the newest first."""

    async def act(store: "Store") -> None:
        from billflow.models.contracts.audit import AuditFilter
        from billflow.models.contracts.records import Paging

        wanted = AuditFilter(actor=actor, action=action, subject_id=subject, since=since)
        paging = Paging(limit=limit, after=after)
        page = await store.queries.audit.list(await org_of(store), wanted, paging)
        if as_json:
            output.as_json({"audit": page.rows, "total": page.total, "next": page.next})
            return
        rows = [(output.time(a.at), a.actor, a.action, f"{a.subject_type} {short(a.subject_id)}") for a in page.rows]
        output.table(f"Changes: {page.total}", ("at", "actor", "action", "subject"), rows)

    on_database(act)


@app.command(epilog=example("audit verify", "audit verify --head 9f86d081…"))
def verify(
    *,
    head: Annotated[
        str | None, typer.Option(help="The head of an earlier verification, when nothing was written since.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compute every hash of the audit log again; exits with 1 where an entry was changed, removed or slipped in."""

    async def act(store: "Store") -> None:
        verdict = await store.queries.audit.verify(await org_of(store))
        if as_json:
            output.as_json(verdict)
        for fault in verdict.faults:
            output.complain(f"Position {fault.position or '-'}, entry {fault.audit_id}: {fault.problem}.")
        if verdict.faults or (head is not None and head != verdict.head):
            raise CommandFailed(
                f"The audit log is not as it was written: {len(verdict.faults)} faults in its chain; "
                "compare it with a backup.",
                code="audit_broken",
            )
        if not as_json:
            output.say(f"All {verdict.entries} entries are as they were written; the head is {verdict.head}.")

    on_database(act)
