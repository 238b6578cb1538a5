"""Renewals that are issued again: how tests ask for it."""

import secrets
from dataclasses import replace
from typing import Any

from billflow.domain.commands import SetCollectionMethod
from billflow.domain.plan import CollectionMethod, Schedule
from billflow.models.contracts.adjustments import VoidInput
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.records import InvoiceDetail
from billflow.models.contracts.reissues import ReissueInput
from tests.pipeline.environment import MONTHLY, PlanEnvironment, by_hand

BY_MAIL = SetCollectionMethod(collection_method=CollectionMethod.SEND_INVOICE)
ANNUAL = replace(MONTHLY, schedule=Schedule.ANNUAL)


async def asked(plan_env: PlanEnvironment, invoice: InvoiceDetail, key: str = "", **more: Any) -> ReissueInput:
    """Return the request to issue an invoice again now."""
    return ReissueInput(
        org_id=plan_env.org_id,
        invoice_id=invoice.invoice_id,
        key=KeyNamespace.CLIENT.key(key or secrets.token_hex(8)),
        actor="support",
        at=await plan_env.now(),
        **more,
    )


async def reissued(plan_env: PlanEnvironment, invoice: InvoiceDetail, **more: Any) -> InvoiceDetail:
    """Issue an invoice again now, and wait until Stripe holds the new one."""
    made = await plan_env.env.engine.adjustments.reissue(await asked(plan_env, invoice, **more))
    await plan_env.sent()
    return await shown(plan_env, made.invoice_id)


async def shown(plan_env: PlanEnvironment, invoice_id: str) -> InvoiceDetail:
    """Return an invoice as it stands."""
    return await plan_env.env.engine.queries.invoices.get(plan_env.org_id, invoice_id)


async def open_renewal(plan_env: PlanEnvironment) -> tuple[PlanState, InvoiceDetail]:
    """Return a plan of ten licenses and its renewal of February, which was sent."""
    plan = await plan_env.plan(by_hand(10))
    await plan_env.command(plan, BY_MAIL)
    await plan_env.months(1)
    return plan, (await plan_env.sent())[-1]


async def paid_renewal(plan_env: PlanEnvironment) -> tuple[PlanState, InvoiceDetail]:
    """Return a plan of ten licenses and its renewal of February, which was charged."""
    plan = await plan_env.plan(by_hand(10))
    await plan_env.months(1)
    return plan, (await plan_env.closed())[-1]


def corrected(line: int = 0, *, of: InvoiceDetail, **values: int) -> list[dict[str, object]]:
    """Return what to correct of one line."""
    return [{"line_id": of.lines[line].line_id, **values}]


async def void(plan_env: PlanEnvironment, invoice: InvoiceDetail, **more: Any) -> InvoiceDetail:
    """Void an invoice."""
    request = VoidInput(**(await asked(plan_env, invoice)).model_dump(exclude={"lines", "refund_method"}) | more)
    return await plan_env.env.engine.adjustments.void(request)
