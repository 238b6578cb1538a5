"""What reconciliation finds about one customer's invoices."""

from datetime import UTC, datetime

from billflow.models.contracts.reconciliation import FindingRecord, ReconciliationInput, ReconciliationScope
from billflow.models.contracts.records import InvoiceDetail
from billflow.temporal.workflow_starts import reconciliation_workflow
from tests.pipeline.environment import PlanEnvironment


async def findings(plan_env: PlanEnvironment, *invoices: InvoiceDetail) -> list[FindingRecord]:
    """Reconcile everything, repair nothing, and return what is found about these invoices."""
    engine, everything = plan_env.env.engine, ReconciliationScope(grace_minutes=0)
    run = ReconciliationInput(org_id=plan_env.org_id, repair=False, scope=everything)
    run_id = await engine.control.run(reconciliation_workflow(run, datetime.now(UTC)))
    report = await engine.repositories.reconciliation.report(plan_env.org_id, run_id)
    mine = {invoice.invoice_id for invoice in invoices}
    return [finding for finding in report.findings if finding.subject_id in mine]
