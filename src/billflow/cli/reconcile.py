"""`billflow reconcile`: do rows, Stripe and workflows agree?"""

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli.lookup import now, org_of, short
from billflow.cli.params import AsJson
from billflow.cli.session import NoWorker, run

if TYPE_CHECKING:
    from billflow.models.contracts.reconciliation import FindingRecord, ReconciliationReport
    from billflow.wiring.engine import Engine

EXIT_DRIFT = 1
"""Something is left that is not repaired."""

PATIENCE_SECONDS = 600.0


def reconcile(
    *,
    repair: Annotated[
        bool, typer.Option("--repair", help="Repair what is safe; without it nothing is changed.")
    ] = False,
    last: Annotated[bool, typer.Option("--last", help="Show the newest run instead, such as last night's.")] = False,
    days: Annotated[
        int | None, typer.Option(min=1, help="Compare invoices of so many days, and unpaid ones; all if left out.")
    ] = None,
    grace: Annotated[
        int, typer.Option(min=0, help="Minutes for which what has just changed may still be on its way.")
    ] = 60,
    as_json: AsJson = False,
) -> None:
    """Compare the billing database, Stripe and the workflows, list every drift; exits with 1 where some is left."""

    async def act(engine: "Engine") -> None:
        from billflow.cli import output
        from billflow.models.contracts.reconciliation import ReconciliationInput, ReconciliationScope
        from billflow.temporal.workflow_starts import reconciliation_workflow

        org_id = await org_of(engine)
        run_id = None
        if not last:
            scope = ReconciliationScope(days=days, grace_minutes=grace)
            asked = ReconciliationInput(org_id=org_id, repair=repair, scope=scope)
            with output.working("Comparing the billing database, Stripe and workflows"):
                run_id = await _finished(engine.control.run(reconciliation_workflow(asked, now())))
        report = await engine.repositories.reconciliation.report(org_id, run_id)
        if as_json:
            output.as_json(report)
        else:
            _shown(report)
        if not report.is_clean:
            raise typer.Exit(EXIT_DRIFT)

    run(act)


async def _finished(run_id: Awaitable[str]) -> str:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await run_id
    except TimeoutError:
        raise NoWorker(
            f"The comparison has not finished within {PATIENCE_SECONDS:.0f} seconds; it goes on where "
            "`billflow worker` runs, and `billflow reconcile --last` shows what it found."
        ) from None


def _shown(report: "ReconciliationReport") -> None:
    from billflow.cli import output

    rows = [
        (finding.severity, output.words(finding.kind), short(finding.subject_id), _became(finding), finding.message)
        for finding in report.findings
    ]
    if rows:
        output.table("Findings", ("severity", "what", "about", "repairing", "details"), rows)
    people = sum(finding.needs_a_person for finding in report.findings)
    output.say(
        f"{report.invoices_compared} invoices compared, {len(report.findings)} findings, "
        f"{sum(finding.repaired_at is not None for finding in report.findings)} repaired, {people} for a person."
    )


def _became(finding: "FindingRecord") -> str:
    if finding.repaired_at:
        return "repaired"
    if finding.problem:
        return f"failed: {finding.problem}"
    return f"possible: --repair ({finding.repair.replace('_', ' ')})" if finding.repair else "needs a person"
