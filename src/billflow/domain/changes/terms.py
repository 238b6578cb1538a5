"""Commands that change what a plan costs or how it is paid (rules 14 and 18)."""

from dataclasses import replace

from billflow.domain.commands import ApplyDiscount, SetCollectionMethod
from billflow.domain.currencies import in_steps
from billflow.domain.cycle import repriced
from billflow.domain.errors import Refused
from billflow.domain.invoicing.invoice import bill
from billflow.domain.step import Step


def set_collection_method(step: Step, command: SetCollectionMethod) -> None:
    """Charge the card or send invoices, from the next invoice on."""
    if command.collection_method is step.plan.collection_method:
        raise Refused(f"The plan is paid by {command.collection_method} already.", code="no_change")
    step.change(collection_method=command.collection_method)
    step.say("plan.collection_method_changed", collection_method=command.collection_method)


def apply_discount(step: Step, command: ApplyDiscount) -> None:
    """Bind prices to the tier that is paid for, and reprice from now on; flat-discount months are gone (rules 14).

    Licenses added before are billed at the old price first. During complimentary access the tier is that of the plan
    scheduled to follow, which is repriced instead.
    """
    target = step.plan if step.tier.billable else step.facts.next_plan
    if target is None:
        raise Refused("Nothing is paid for this plan; schedule the one that follows first.", code="not_a_paid_plan")
    for field in ("monthly_discounted_price", "annual_discounted_price"):
        in_steps(getattr(command, field), target.currency, field)
    if not step.suspended:
        bill(step, with_items=False)
    step.customer = replace(
        step.customer,
        required_plan_tier=target.tier,
        monthly_discounted_price=command.monthly_discounted_price,
        annual_discounted_price=command.annual_discounted_price,
        flat_discounted_months=0,
    )
    if target is step.plan:
        step.plan = repriced(step, target)
    elif target.fixed_price is None:
        step.scheduled = repriced(step, target)
    price = (step.scheduled or step.plan).price_per_license
    step.say("plan.repriced", price_per_license=price)
