"""What is done about a debtor answers the same again where the answer was lost with its worker."""

import pytest

from billflow.domain.commands import EndNow
from billflow.domain.dunning import DunningPolicy, SmallOrganizationRule
from billflow.models.contracts.invoices import Paid
from tests.collection.debts import DAY, DUE, Debts


@pytest.mark.full
async def test_a_suspension_and_its_end_name_the_plans_that_are_to_be_told_again(debts: Debts) -> None:
    debtor = await debts.declined()
    engine, invoice = debtor.env.engine, await debtor.invoice()
    dunning, plans = engine.repositories.dunning, (debtor.plan.plan_id,)

    suspended = [await dunning.suspend_customer(invoice.ref, DUE + DAY) for _ in range(2)]
    await engine.repositories.invoices.record_outcome(invoice.ref, Paid(amount_paid=invoice.total), DUE + 2 * DAY)
    lifted = [await dunning.lift_suspension(invoice.ref, DUE + 2 * DAY) for _ in range(2)]

    for answers in (suspended, lifted):
        assert [(answer.changed, answer.plan_ids) for answer in answers] == [(True, plans), (False, plans)]


@pytest.mark.full
async def test_what_was_voided_together_is_named_again(debts: Debts) -> None:
    rule = DunningPolicy(suspend_customer=False, end_plan_after_days=None, small_organizations=SmallOrganizationRule())
    async with debts.policy(rule):
        debtor = await debts.declined(seats=3)
        await debtor.env.command(debtor.plan, EndNow())
        invoice = await debtor.invoice()
        dunning = debtor.env.engine.repositories.dunning

        first, second = [await dunning.write_off(invoice.ref, DUE + DAY) for _ in range(2)]

    assert [voided.invoice_id for voided in first.voided] == [invoice.invoice_id]
    assert second.voided == first.voided
