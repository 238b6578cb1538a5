"""The pages of a comparison: what looks different in the lists is looked at again before it counts as a finding."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity

from billflow.domain.customer_balances import BilledAccount, compare_customer
from billflow.domain.failing_tasks import failing_task
from billflow.domain.reconciliation import (
    UNPAID,
    BilledInvoice,
    Finding,
    LivePlan,
    PlanStanding,
    compare_invoice,
    compare_orphan,
    compare_plan,
)
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.reconciliation import FindingRecord, RecordedAccount, RecordedInvoice, RunRef
from billflow.ports.reconciliation import ReconciliationRepository, StripeInvoiceReader
from billflow.temporal.ids import collection_workflow_id
from billflow.temporal.workflow_control import WorkflowControl
from billflow.temporal.workflow_tasks import WorkflowTasks

CUSTOMER = "cus_"
"""How Stripe's ids of customers begin."""


@dataclass(frozen=True)
class Comparison:
    """Compares database, Stripe and workflows page by page; each method returns the next cursor, None at the end."""

    repository: ReconciliationRepository
    stripe: StripeInvoiceReader
    control: WorkflowControl
    tasks: WorkflowTasks

    async def list_stripe(self, run: RunRef, cursor: str | None) -> str | None:
        """Copy a page of Stripe's list, so that invoices can be compared without a request each."""
        days = run.scope.days
        since = None if days is None else run.started_at - timedelta(days=days)
        page = await self.stripe.listed(run.org_id, since, cursor)
        await self.repository.store_listed(run, page.invoices)
        return page.next

    async def invoices(self, run: RunRef, cursor: str | None) -> str | None:
        """Compare a page of our invoices with what Stripe listed; what differs is looked at again afterwards."""
        recorded = await self.repository.invoices_page(run, cursor)
        listed = await self.repository.listed_for(run, [one.summary.invoice_id for one in recorded])
        findings: list[Finding] = []
        for one in recorded:
            held = listed.get(one.summary.invoice_id, [])
            findings += compare_invoice(await self._for_comparison(run, one), held)
            activity.heartbeat(cursor)
        await self.repository.store_findings(run, findings, compared=len(recorded))
        return recorded[-1].summary.invoice_id if recorded else None

    async def list_customers(self, run: RunRef, cursor: str | None) -> str | None:
        """Copy a page of Stripe's list of customers."""
        page = await self.stripe.listed_customers(run.org_id, cursor)
        await self.repository.store_listed_customers(run, page.customers)
        return page.next

    async def customers(self, run: RunRef, cursor: str | None) -> str | None:
        """Compare a page of our billing accounts with Stripe's customers: they are there, and are owed as much.

        What differs is looked at again afterwards.
        """
        accounts = await self.repository.accounts_page(run, cursor)
        listed = await self.repository.listed_customers(run, [one.stripe_customer_id for one in accounts])
        found = [compare_customer(self._account(one), listed.get(one.stripe_customer_id)) for one in accounts]
        await self.repository.store_findings(run, [finding for finding in found if finding])
        return accounts[-1].billing_account_id if accounts else None

    async def again(self, run: RunRef, cursor: str | None) -> str | None:
        """Look a page of invoices and customers that differ up at Stripe, and keep what still does."""
        suspects = await self.repository.suspects(run, cursor)
        listed = await self.repository.listed_for(run, suspects)
        for invoice_id, recorded in (await self.repository.invoices(run.org_id, suspects)).items():
            held = [one.stripe_invoice_id for one in listed.get(invoice_id, [])]
            fresh = await self.stripe.fresh(recorded, held)
            findings = [*compare_invoice(await self._for_comparison(run, recorded), fresh)]
            await self.repository.replace_findings(run, invoice_id, findings)
            activity.heartbeat(cursor)
        await self._customers_again(run, [one for one in suspects if one.startswith(CUSTOMER)])
        return suspects[-1] if suspects else None

    async def still_holds(self, run: RunRef, finding: FindingRecord) -> bool:
        """Look one finding up again at Stripe, as far as it is about an invoice of ours."""
        recorded = (await self.repository.invoices(run.org_id, [finding.subject_id])).get(finding.subject_id)
        if recorded is None:
            return True
        fresh = await self.stripe.fresh(recorded, finding.stripe_invoice_ids)
        now = compare_invoice(await self._for_comparison(run, recorded), fresh)
        return (finding.kind, finding.repair) in [(one.kind, one.repair) for one in now]

    async def _customers_again(self, run: RunRef, suspects: Sequence[str]) -> None:
        accounts = {one.stripe_customer_id: one for one in await self.repository.accounts(run, suspects)}
        for stripe_customer_id in suspects:
            recorded = accounts.get(stripe_customer_id)
            fresh = await self.stripe.customer(stripe_customer_id) if recorded else None
            finding = compare_customer(self._account(recorded), fresh) if recorded else None
            await self.repository.replace_findings(run, stripe_customer_id, [finding] if finding else [])
            activity.heartbeat(stripe_customer_id)

    async def orphans(self, run: RunRef, cursor: str | None) -> str | None:
        """Find the listed invoices that our database doesn't know; void ones harm nobody."""
        listed = await self.repository.listed_page(run, cursor)
        known = await self.repository.invoices(run.org_id, [one.invoice_id for one in listed])
        strange = [one for one in listed if one.invoice_id not in known and one.status != "void"]
        await self.repository.store_findings(run, [compare_orphan(one) for one in strange])
        return listed[-1].stripe_invoice_id if listed else None

    async def plans(self, run: RunRef, cursor: str | None) -> str | None:
        """Find the live plans of a page whose workflow doesn't run, or stands elsewhere than the rows."""
        states = await self.repository.plans_page(run, cursor)
        if suspects := [finding.subject_id for finding in await self._plans(states)]:
            again = (await self.repository.plans(run.org_id, suspects)).values()
            await self.repository.store_findings(run, await self._plans([state for state in again if state.runs]))
        return states[-1].plan_id if states else None

    async def running(self, run: RunRef, cursor: str | None) -> str | None:
        """Find running workflows whose plan has ended or is not in the database, and all that stand still."""
        page = await self.control.running_plans(run.org_id, cursor)
        states = await self.repository.plans(run.org_id, page.plan_ids)
        failing = await self.tasks.failing(run.org_id) if cursor is None else ()
        findings: list[Finding | None] = [failing_task(one.workflow_id, one.attempt, one.build_id) for one in failing]
        for plan_id in page.plan_ids:
            state = states.get(plan_id)
            if state is not None and state.runs:
                continue
            running = await self.control.plan_standing(plan_id)
            is_live = None if state is None else False
            findings.append(compare_plan(LivePlan(plan_id=plan_id, is_live=is_live, recorded=None, running=running)))
        await self.repository.store_findings(run, [finding for finding in findings if finding])
        return page.next

    async def _plans(self, states: Sequence[PlanState]) -> list[Finding]:
        running = await asyncio.gather(*(self.control.plan_standing(state.plan_id) for state in states))
        compared = (
            compare_plan(LivePlan(plan_id=state.plan_id, is_live=True, recorded=_standing(state), running=shown))
            for state, shown in zip(states, running, strict=True)
        )
        return [finding for finding in compared if finding]

    def _account(self, recorded: RecordedAccount) -> BilledAccount:
        return BilledAccount(
            stripe_customer_id=recorded.stripe_customer_id,
            balance=self.stripe.chargeable(recorded.balance, recorded.currency),
            currency=recorded.currency,
            is_young=recorded.is_young,
        )

    async def _for_comparison(self, run: RunRef, recorded: RecordedInvoice) -> BilledInvoice:
        ours = recorded.summary
        is_young = recorded.changed_at > run.started_at - timedelta(minutes=run.scope.grace_minutes)
        waits = ours.status in UNPAID and not is_young
        return BilledInvoice(
            invoice_id=ours.invoice_id,
            status=ours.status,
            total=self.stripe.chargeable(ours.total, ours.currency),
            currency=ours.currency,
            stripe_invoice_id=recorded.stripe_invoice_id,
            is_young=is_young,
            is_unbilled=recorded.is_unbilled,
            tax_known=recorded.tax_known,
            is_collected=not waits or await self.control.is_running(collection_workflow_id(ours.invoice_id)),
        )


def _standing(state: PlanState) -> PlanStanding:
    return PlanStanding(status=state.status, due_at=state.due_at, version=state.version)
