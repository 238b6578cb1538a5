"""`billflow reconcile`: do rows, Stripe and workflows agree?"""

import asyncio
from collections.abc import Awaitable
from typing import Annotated, Any

import typer

from billflow.cli.lookup import now, org_of, short
from billflow.cli.output import Columns, Output, Table, words, working
from billflow.cli.session import Engine, NoWorker, on_engine

EXIT_DRIFT = 1
"""Something is left that is not repaired."""

PATIENCE_SECONDS = 600.0


def became(finding: Any) -> str:
    """Write what became of a finding, or can become of it."""
    if finding.repaired_at:
        return "repaired"
    if finding.problem:
        return f"failed: {finding.problem}"
    return f"possible: --repair ({words(finding.repair)})" if finding.repair else "needs a person"


_FINDINGS: Columns = {
    "severity": lambda finding: finding.severity,
    "what~": lambda finding: words(finding.kind),
    "about": lambda finding: short(finding.subject_id),
    "repairing~": became,
    "details~": lambda finding: finding.message,
}


@on_engine
async def reconcile(
    engine: Engine,
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
) -> Output:
    """Compare the billing database, Stripe and the workflows, list every drift; exits with 1 where some is left."""
    from billflow.models.contracts.reconciliation import ReconciliationInput, ReconciliationScope
    from billflow.temporal.workflow_starts import reconciliation_workflow

    org_id, run_id = await org_of(engine), None
    if not last:
        scope = ReconciliationScope(days=days, grace_minutes=grace)
        asked = ReconciliationInput(org_id=org_id, repair=repair, scope=scope)
        with working("Comparing the billing database, Stripe and workflows"):
            run_id = await _finished(engine.control.run(reconciliation_workflow(asked, now())))
    report = await engine.repositories.reconciliation.report(org_id, run_id)
    found = report.findings
    summary = (
        f"{report.invoices_compared} invoices compared, {len(found)} findings, "
        f"{sum(finding.repaired_at is not None for finding in found)} repaired, "
        f"{sum(finding.needs_a_person for finding in found)} for a person."
    )
    findings = [Table("Findings", _FINDINGS, found)] if found else []
    return Output(report, *findings, summary, error=None if report.is_clean else typer.Exit(EXIT_DRIFT))


async def _finished(run_id: Awaitable[str]) -> str:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await run_id
    except TimeoutError:
        raise NoWorker(
            f"The comparison has not finished within {PATIENCE_SECONDS:.0f} seconds; it goes on where "
            "`billflow worker` runs, and `billflow reconcile --last` shows what it found."
        ) from None
