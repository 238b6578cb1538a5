"""Parallel runs: what both systems bill compared, and what the other one issues taken in (rules 41)."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog

from billflow.domain.errors import BillingError
from billflow.imports.stripe_customers import invoice_row
from billflow.imports.stripe_invoices import line_rows, subscription_of
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.imports import ImportRecord, InvoiceLineOpening, InvoiceOpening
from billflow.models.contracts.parallel_runs import (
    BillingDateDifference,
    IssuedInvoices,
    ParallelPlan,
    ParallelRunFilter,
    ParallelRunReport,
    ParallelRunState,
)
from billflow.parallel_run.comparison import ComparedDate, ComparedVerdict, compare, matches_since
from billflow.parallel_run.scores import by_cause, by_day, different_lines, score, tax_not_compared
from billflow.store.plans.parallel_runs import PlanInParallel
from billflow.store.session.repositories import Queries, Repositories

_log = structlog.get_logger(__name__)

Compared = tuple[PlanInParallel, list[ComparedDate]]


@dataclass(frozen=True)
class ParallelRunService:
    """Parallel runs as callers see them."""

    repositories: Repositories
    queries: Queries

    async def take(self, org_id: str, asked: IssuedInvoices, change: ChangeContext) -> tuple[ImportRecord, ...]:
        """Take in what the other system issued; an invoice that is known is brought up to date."""
        return await self.repositories.issued_invoices.take(org_id, asked, change)

    async def take_from_stripe(self, org_id: str, invoice: Mapping[str, Any], change: ChangeContext) -> None:
        """Take in one of Stripe's invoices as it stands; one of no imported subscription, or a draft, is left alone."""
        held = dict(invoice)
        subscription = subscription_of(held)
        if subscription is None:
            return
        try:
            opening = InvoiceOpening.model_validate(invoice_row(held, subscription))
            lines = tuple(InvoiceLineOpening.model_validate(row) for row in line_rows(held))
        except BillingError as error:
            _log.info("an invoice of another system is not taken in", stripe_invoice_id=held["id"], code=error.code)
            return
        asked = IssuedInvoices(invoices=(opening,), invoice_lines=lines)
        for record in await self.take(org_id, asked, change):
            _log.info("an invoice of another system", stripe_invoice_id=held["id"], outcome=record.outcome)

    async def report(self, org_id: str, which: ParallelRunFilter) -> ParallelRunReport:
        """Return the score of each day, and why amounts differ."""
        found = [one async for one in self._compared(org_id, which)]
        told = [[one for one in dates if which.holds(one.at)] for _, dates in found]
        return ParallelRunReport(
            at=datetime.now(UTC),
            grace_hours=which.grace_hours,
            plans=len(found),
            matching=sum(matches_since(dates) is not None for _, dates in found),
            days=by_day(one for dates in told for one in dates),
            causes=by_cause(told),
            tax_not_compared=tax_not_compared(one for dates in told for one in dates),
        )

    async def plans(self, org_id: str, which: ParallelRunFilter) -> list[ParallelPlan]:
        """Return each plan with its score, those that don't match and differ most first."""
        plans = [_plan(plan, dates, which) async for plan, dates in self._compared(org_id, which)]
        return sorted(plans, key=lambda one: (one.matches_since is not None, -abs(one.difference), one.plan_id))

    async def differences(self, org_id: str, which: ParallelRunFilter) -> list[BillingDateDifference]:
        """Return the billing dates that are neither equal nor waited for, the newest first."""
        differing = [
            _difference(plan, one)
            async for plan, dates in self._compared(org_id, which)
            for one in dates
            if one.verdict not in (ComparedVerdict.EQUAL, ComparedVerdict.WAITING) and which.holds(one.at)
        ]
        return sorted(differing, key=lambda one: (one.at, one.plan_id), reverse=True)

    async def _compared(self, org_id: str, which: ParallelRunFilter) -> AsyncIterator[Compared]:
        plans = self.queries.parallel_runs.plans(org_id, plan_id=which.plan_id, customer_id=which.customer_id)
        async for plan in plans:
            yield plan, compare(plan.billed, which.grace)


def state_of(plan: PlanInParallel) -> ParallelRunState:
    """Return where a plan stands in the time that it lives in."""
    cutover = plan.row.cutover_at
    if cutover is None:
        return ParallelRunState.PARALLEL
    return ParallelRunState.CUTOVER_SCHEDULED if plan.billed.now < cutover else ParallelRunState.CUT_OVER


def _plan(plan: PlanInParallel, dates: list[ComparedDate], which: ParallelRunFilter) -> ParallelPlan:
    row = plan.row
    return ParallelPlan(
        **_named(plan),
        **score(one for one in dates if which.holds(one.at)),
        tier=row.tier,
        schedule=row.schedule,
        currency=row.currency,
        state=state_of(plan),
        parallel_run_since=plan.billed.since,
        cutover_at=row.cutover_at,
        attention=row.attention_code,
        matches_since=matches_since(dates),
    )


def _difference(plan: PlanInParallel, found: ComparedDate) -> BillingDateDifference:
    return BillingDateDifference(
        **_named(plan),
        at=found.at,
        verdict=found.verdict.value,
        currency=found.currency,
        computed=found.computed,
        issued=found.issued,
        difference=found.difference,
        computed_invoice_ids=found.computed_ids,
        issued_numbers=found.issued_numbers,
        causes={cause.value: effect for cause, effect in found.causes.items()},
        lines=different_lines(found),
    )


def _named(plan: PlanInParallel) -> dict[str, Any]:
    return {
        "plan_id": str(plan.row.id),
        "customer_id": str(plan.row.customer_id),
        "customer_name": plan.customer_name,
        "external_id": plan.external_id,
    }
