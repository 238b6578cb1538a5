"""What a dry run found, as answers and pages have it."""

from dataclasses import asdict, replace
from typing import Any

from billflow.dry_run.bills import Hold
from billflow.dry_run.causes import Effects
from billflow.dry_run.comparison import InvoiceDifference, LineDifference, PlanDifference
from billflow.dry_run.debts import DebtDifference
from billflow.dry_run.report_rows import derived
from billflow.dry_run.tally import DryRunSummary
from billflow.models.contracts.dry_run_results import (
    DryRunDebt,
    DryRunInvoice,
    DryRunLine,
    DryRunPlan,
    DryRunReason,
    DryRunTotals,
)


def shown_totals(found: DryRunSummary) -> DryRunTotals:
    """Return what was found in all."""
    debts = {**asdict(found.debts), "worst": tuple(map(shown_debt, found.debts.worst))}
    return DryRunTotals.model_validate({**_plain(found), "worst": tuple(map(shown_plan, found.worst)), "debts": debts})


def shown_plan(found: PlanDifference) -> DryRunPlan:
    """Return a plan of which another amount is billed."""
    return DryRunPlan(
        plan_id=found.plan_id,
        customer_id=found.customer_id,
        tier=found.tier,
        currency=found.currency,
        before=found.before,
        after=found.after,
        difference=found.difference,
        causes=_named(found.causes),
        on_hold_before=_reason(found.on_hold_before),
        on_hold_after=_reason(found.on_hold_after),
        invoices=tuple(_invoice(one, found.currency) for one in found.invoices),
    )


def shown_debt(found: DebtDifference) -> DryRunDebt:
    """Return a debt of which something else becomes."""
    return DryRunDebt.model_validate(asdict(found))


def _invoice(found: InvoiceDifference, currency: str) -> DryRunInvoice:
    lines = tuple(_line(one, currency) for one in found.lines)
    return DryRunInvoice(at=found.at, kind=found.kind, before=found.before, after=found.after, lines=lines)


def _line(found: LineDifference, currency: str) -> DryRunLine:
    return DryRunLine(
        kind=found.kind,
        description=found.description,
        causes=_named(found.causes),
        before=found.before.amount if found.before else None,
        after=found.after.amount if found.after else None,
        derivation_before=derived(found.before, currency),
        derivation_after=derived(found.after, currency),
    )


def _plain(found: DryRunSummary) -> dict[str, Any]:
    plain = ("plans", "different", "causes", "totals", "on_hold")
    return {name: value for name, value in asdict(replace(found, worst=())).items() if name in plain}


def _named(causes: Effects) -> dict[str, int]:
    return {cause.value: effect for cause, effect in causes.items()}


def _reason(hold: Hold | None) -> DryRunReason | None:
    return DryRunReason(code=hold.code, message=hold.message) if hold else None
