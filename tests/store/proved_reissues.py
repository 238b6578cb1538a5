"""Plans of which invoices are issued again, for proofs: as they were, corrected, in part, with discounts and taxes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import Any
from uuid import uuid4

from billflow.domain.commands import AddItem, SetAddOn, SetLicenses
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.records import InvoiceDetail
from billflow.models.contracts.reissues import ReissueInput
from tests.store.conftest import BEGIN, MONTHLY, Company
from tests.store.proved_changes import BY_HAND, a_coupon, bought, divided_by_licenses, invoices_of, months, paid
from tests.store.proved_lives import DAY, HOME, LIVES, RATES, Life, taxed

Correct = Callable[[InvoiceDetail], Sequence[Mapping[str, Any]]]


async def reissued(company: Company, invoice: InvoiceDetail, correct: Correct, at: datetime) -> InvoiceDetail:
    """Issue an invoice again, corrected."""
    asked = ReissueInput.model_validate(
        {
            "org_id": company.org_id,
            "invoice_id": invoice.invoice_id,
            "key": KeyNamespace.CLIENT.key(uuid4().hex),
            "actor": "support",
            "at": at,
            "lines": correct(invoice),
        }
    )
    made = await company.repositories.reissues.reissue(asked)
    return await company.queries.invoices.get(company.org_id, made.invoice_id)


def _first(**values: int) -> Correct:
    return lambda invoice: [{"line_id": invoice.lines[0].line_id, **values}]


async def issued_again(company: Company, random: Random) -> PlanState:
    """Bill a renewal with a coupon and tax anew: as it was, corrected, and corrected once more."""
    await taxed(company, mode="own_rates", rates=RATES)
    asked = replace(BY_HAND, coupon=await a_coupon(company, "12.5"))
    plan = await bought(company, asked, billing_address=HOME)
    plan = await months(company, plan, 1, {3: SetLicenses(licenses=12), 4: SetAddOn(add_on="storage", quantity=2)})
    ways = [_first(licenses=random.randint(1, 9)), _first(price=random.randint(1, 900)), lambda _: []]
    for n, correct in enumerate(ways):
        newest = (await invoices_of(company, plan))[-1]
        await reissued(company, newest, correct, BEGIN + (40 + n) * DAY)
        await paid(company, plan)
    return plan


async def issued_again_by_stripe(company: Company, random: Random) -> PlanState:
    """Bill a purchase anew that Stripe taxes."""
    await taxed(company, mode="stripe")
    plan = await bought(company, BY_HAND, billing_address=HOME)
    [purchase] = await invoices_of(company, plan)
    await reissued(company, purchase, _first(price=random.randint(1, 900)), BEGIN + DAY)
    return await paid(company, plan)


async def an_instalment_issued_again(company: Company, random: Random) -> PlanState:
    """Bill an instalment of another fixed price, and an item of another quantity."""
    plan = await bought(company, replace(MONTHLY, tier="cloud_enterprise", fixed_price=153_800, licenses=5))
    plan = await months(company, plan, 1, {3: AddItem(description="Set-up", unit_amount=9_000, quantity=3)})
    newest = (await invoices_of(company, plan))[-1]
    price, units = random.randint(90_000, 200_000), random.randint(1, 2)

    def correct(invoice: InvoiceDetail) -> list[dict[str, Any]]:
        line, item = invoice.lines
        return [{"line_id": line.line_id, "price": price}, {"line_id": item.line_id, "licenses": units}]

    await reissued(company, newest, correct, BEGIN + 40 * DAY)
    return await paid(company, plan)


async def a_part_issued_again(company: Company, random: Random) -> PlanState:
    """Bill a part of what was divided anew."""
    plan = await divided_by_licenses(company, random)
    parts = [one for one in await invoices_of(company, plan) if one.total > 50_000_000]
    await reissued(company, parts[1], lambda _: [], BEGIN + 70 * DAY)
    return await paid(company, plan)


async def issued_again_with_a_flat_discount(company: Company, random: Random) -> PlanState:
    """Bill a renewal anew that a flat discount lowers."""
    plan = await LIVES["with_a_flat_discount"](company, random)
    renewal = next(one for one in await invoices_of(company, plan) if one.lines[0].kind == "renewal")
    await paid(company, plan)
    await reissued(company, renewal, _first(licenses=random.randint(1, 9)), BEGIN + 200 * DAY)
    return plan


REISSUES: dict[str, Life] = {
    life.__name__: life
    for life in (
        issued_again,
        issued_again_by_stripe,
        an_instalment_issued_again,
        a_part_issued_again,
        issued_again_with_a_flat_discount,
    )
}
