"""A reissue whose worker dies at any call: never two invoices open at Stripe, never none in the end (rules 28.1)."""

from dataclasses import dataclass
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from billflow.activities.collection import CollectionActivities
from billflow.activities.reissues import ReplacedInvoices
from billflow.activities.steps import StepActivities
from billflow.domain.calendar import add_months
from billflow.domain.commands import SetCollectionMethod
from billflow.domain.plan import CollectionMethod
from billflow.models.contracts.adjustments import VoidInput
from billflow.models.contracts.customers import CustomerRecord
from billflow.models.contracts.invoices import Closed, CollectionOutcome, InvoiceInput, InvoiceStatus, InvoiceToCollect
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.contracts.records import InvoiceDetail
from billflow.models.contracts.reissues import LineCorrectionCreate, ReissueInput
from billflow.models.contracts.steps import ActivateInput, CloseCycleInput, CommandInput
from billflow.payments.gateway import StripeGateway
from tests.activities.test_running_twice import Interrupted, bought, collecting
from tests.environment import Environment
from tests.sizes import further

CALLS = 12
"""More than a collection makes of database and Stripe when it closes an old invoice first."""


class Life:
    """A worker that dies at its *nth* call of database or Stripe, before or *after* it was done; None lives on."""

    def __init__(self, nth: int | None, *, after: bool = False) -> None:
        self.nth, self.after, self.calls = nth, after, 0

    def of(self, port: Any) -> Any:
        """Return a port whose calls count."""
        return _Mortal(port, self)


@dataclass(frozen=True)
class _Mortal:
    port: Any
    life: Life

    def __getattr__(self, name: str) -> Any:
        wanted = getattr(self.port, name)

        async def call(*args: Any) -> Any:
            self.life.calls += 1
            dies = self.life.calls == self.life.nth
            if dies and not self.life.after:
                raise Interrupted
            answer = await wanted(*args)
            if dies:
                raise Interrupted
            return answer

        return call


async def collected(env: Environment, invoice_id: str, life: Life) -> CollectionOutcome:
    """Collect an invoice, as a worker does that lives so long."""
    engine, rows = env.engine, env.engine.repositories
    invoices, gateway = life.of(rows.invoices), life.of(engine.gateway)
    replaced = ReplacedInvoices(invoices, life.of(rows.adjustments), gateway, life.of(engine.adjustment_gateway))
    invoice = await shown(env, invoice_id)
    request = InvoiceInput(org_id=env.org_id, invoice_id=invoice_id, at=invoice.issued_at)
    return await ActivityEnvironment().run(CollectionActivities(invoices, gateway, replaced).collect, request)


async def shown(env: Environment, invoice_id: str) -> InvoiceDetail:
    """Return an invoice as it stands."""
    return await env.engine.queries.invoices.get(env.org_id, invoice_id)


async def renewal(env: Environment, method: CollectionMethod) -> tuple[CustomerRecord, InvoiceDetail]:
    """Return a renewal over 10 licenses at 800: open where it was sent, else paid."""
    customer, plan, purchase = await bought(env)
    await collected(env, purchase.invoice_id, Life(None))
    steps = StepActivities(env.engine.repositories.plans)
    activate = ActivateInput(plan=plan.ref, invoice_id=purchase.invoice_id, at=purchase.issued_at)
    started = (await ActivityEnvironment().run(steps.activate, activate)).state
    command = CommandInput(
        plan=plan.ref,
        command_id=KeyNamespace.CLIENT.key(plan.plan_id),
        command=SetCollectionMethod(collection_method=method),
        actor="tests",
        at=started.billing_cycle_anchor,
    )
    await ActivityEnvironment().run(steps.take_command, command)
    cycle = CloseCycleInput(plan=plan.ref, at=add_months(started.billing_cycle_anchor, 1))
    [invoice] = (await ActivityEnvironment().run(steps.close_cycle, cycle)).invoices
    await collected(env, invoice.invoice_id, Life(None))
    return customer, await shown(env, invoice.invoice_id)


async def reissued(env: Environment, old: InvoiceDetail) -> str:
    """Write down that an invoice is issued again over 8 licenses, and die."""
    request = ReissueInput(
        org_id=env.org_id,
        invoice_id=old.invoice_id,
        key=KeyNamespace.CLIENT.key(old.invoice_id),
        actor="tests",
        at=old.issued_at,
        lines=(LineCorrectionCreate(line_id=old.lines[0].line_id, licenses=8),),
    )
    return (await env.engine.repositories.reissues.reissue(request)).invoice_id


@pytest.mark.parametrize("after", [True, *further(False)], ids=["after", "before"])
@pytest.mark.parametrize("method", [CollectionMethod.CHARGE_AUTOMATICALLY, *further(CollectionMethod.SEND_INVOICE)])
async def test_a_worker_that_dies_at_any_call_leaves_one_invoice_open_or_paid(
    env: Environment, method: CollectionMethod, *, after: bool
) -> None:
    customer, old = await renewal(env, method)
    assert old.status is (InvoiceStatus.OPEN if method is CollectionMethod.SEND_INVOICE else InvoiceStatus.PAID)
    new = await reissued(env, old)

    deaths = 0
    for nth in range(1, CALLS):
        try:
            await collected(env, new, Life(nth, after=after))
        except Interrupted:
            deaths += 1
        assert [held.status for held in await env.at_stripe(customer)].count("open") <= 1
        notes = await env.engine.stripe.v1.credit_notes.list_async({"invoice": old.stripe_invoice_id or ""})
        assert len(notes.data) <= 1
    await collected(env, new, Life(None))

    assert deaths > 5
    stands = await shown(env, new)
    held = [(one.status, one.total) for one in (await env.at_stripe(customer))[1:]]
    if method is CollectionMethod.SEND_INVOICE:
        assert (stands.status, held) == (InvoiceStatus.OPEN, [("void", 8000), ("open", 6400)])
    else:
        assert (stands.status, stands.balance_applied) == (InvoiceStatus.PAID, 6400)
        assert held == [("paid", 8000), ("paid", 6400)]
        [stripe_customer] = {one.customer for one in await env.at_stripe(customer)}
        balance = (await env.engine.stripe.v1.customers.retrieve_async(str(stripe_customer))).balance
        assert balance == -1600


async def test_an_old_invoice_that_was_paid_at_stripe_stands_and_the_new_one_never_gets_there(env: Environment) -> None:
    customer, old = await renewal(env, CollectionMethod.SEND_INVOICE)
    new = await reissued(env, old)
    await env.engine.stripe.v1.invoices.pay_async(old.stripe_invoice_id or "", {"paid_out_of_band": True})

    outcome = await collected(env, new, Life(None))

    assert outcome == Closed()
    taken_back, stands = await shown(env, new), await shown(env, old.invoice_id)
    assert (stands.status, stands.replaced_by_invoice_id) == (InvoiceStatus.PAID, None)
    assert (taken_back.status, taken_back.replaces_invoice_id) == (InvoiceStatus.VOID, None)
    assert [one.status for one in await env.at_stripe(customer)] == ["paid", "paid"]


@dataclass(frozen=True)
class HastyGateway(StripeGateway):
    """Stripe, while somebody voids the invoice that is on its way there."""

    env: Environment | None = None

    async def issue(self, invoice: InvoiceToCollect) -> Any:
        """Void it in the rows, and bring it to Stripe then."""
        assert self.env is not None
        request = VoidInput(
            org_id=invoice.org_id,
            invoice_id=invoice.invoice_id,
            key=KeyNamespace.CLIENT.key("void"),
            actor="tests",
            at=invoice.issued_at,
        )
        await self.env.engine.repositories.adjustments.close(request)
        return await super().issue(invoice)


async def test_an_invoice_that_is_voided_on_its_way_to_stripe_is_void_there_and_never_charged(
    env: Environment,
) -> None:
    customer, _, invoice = await bought(env)
    gateway = HastyGateway(env.engine.stripe, env=env)

    outcome = await ActivityEnvironment().run(
        CollectionActivities(env.engine.repositories.invoices, gateway).collect, collecting(invoice)
    )

    assert outcome == Closed()
    assert [(held.status, held.amount_paid) for held in await env.at_stripe(customer)] == [("void", 0)]
