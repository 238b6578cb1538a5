"""What is agreed with a customer, credits that it is granted, and the end of its account."""

from typing import Annotated

from pydantic import Field

from billflow.api.routes.customer_finances import PricingUpdate
from billflow.console.actions import Preview, preview_of
from billflow.console.adjustments import check_refundable
from billflow.console.customer_subjects import CustomerSubject
from billflow.console.forms import is_amount, written
from billflow.console.operations import Values, changed
from billflow.console.pages import amount
from billflow.domain.errors import Refused
from billflow.domain.money import MAX_PRICE
from billflow.models.contracts.base import RequestModel
from billflow.models.contracts.customer_finances import CreditCreate
from billflow.models.contracts.customers import ChangeContext, CustomerPricing, CustomerStatus
from billflow.models.contracts.keys import NamespacedKey
from billflow.models.contracts.previews import PreviewResponse


class CreditForm(RequestModel):
    """How much is granted."""

    amount: Annotated[int, Field(gt=0, le=MAX_PRICE)]


class DeactivationForm(RequestModel):
    """Nothing has to be said but why."""


async def current_pricing(subject: CustomerSubject) -> Values:
    """Return what is agreed now, as it is written."""
    held = subject.customer.pricing
    return {name: written(getattr(held, name), name, subject.currency) for name in CustomerPricing.model_fields}


async def preview_pricing(subject: CustomerSubject, asked: PricingUpdate) -> Preview:
    """Say what would be agreed, and what it does to the live plan; raises as agreeing would."""
    found = await subject.services.pricing.preview(subject.ref, asked)
    terms = changed(_agreed(subject.customer.pricing, subject.currency), _agreed(asked, subject.currency))
    if found.plan is None:
        sentence = "There is no live plan; the next one is billed by it." if terms else "Nothing changes."
        return preview_of([sentence], terms=terms)
    sentences = ["The live plan of that tier is billed so from now on."] if terms else ["Nothing changes."]
    return preview_of(sentences, PreviewResponse.of_terms(found.plan, found.discounts), terms=terms)


async def agree(subject: CustomerSubject, asked: PricingUpdate, change: ChangeContext, _: NamespacedKey) -> None:
    """Agree on prices; the live plan of that tier has them at once."""
    await subject.services.pricing.agree(subject.ref, asked, change)


async def preview_credit(subject: CustomerSubject, asked: CreditForm) -> Preview:
    """Say what is granted; raises `Forbidden` for more than the role may."""
    check_refundable(subject.visit, subject.currency, asked.amount)
    held = await subject.services.queries.reports.balances(subject.ref)
    balance = " and ".join(amount(one.amount, one.currency) for one in held.credit_balance)
    granted = amount(asked.amount, subject.currency)
    return preview_of(
        [
            f"{subject.customer.name} is granted {granted}, which its next invoices use up.",
            f"So far it has {balance or 'no'} credit.",
        ]
    )


async def grant_credit(subject: CustomerSubject, asked: CreditForm, change: ChangeContext, key: NamespacedKey) -> None:
    """Grant the credit, once for each key."""
    check_refundable(subject.visit, subject.currency, asked.amount)
    new = CreditCreate(amount=asked.amount, reason=change.reason or "")
    await subject.services.repositories.credits.grant(subject.ref, new, key, change)


async def preview_deactivation(subject: CustomerSubject, _: DeactivationForm) -> Preview:
    """Say what closing does; raises `Refused` for a closed account, and for one with a plan that runs."""
    if subject.customer.status is CustomerStatus.INACTIVE:
        raise Refused(f"The account of {subject.customer.name} is closed already.", code="no_change")
    if await subject.services.plans.live_plan(subject.ref.org_id, subject.ref.customer_id):
        raise Refused("The customer has a live plan; end that one first.", code="live_plan")
    return preview_of(
        [f"The account of {subject.customer.name} is closed: it may do nothing any more, and what it was billed stays."]
    )


async def deactivate(subject: CustomerSubject, _: DeactivationForm, change: ChangeContext, __: NamespacedKey) -> None:
    """Close the account; again, it stays so. Raises `Refused` while a plan runs."""
    await subject.services.customers.deactivate(subject.ref, change)


def _agreed(pricing: CustomerPricing, currency: str) -> dict[str, object]:
    held = {name: getattr(pricing, name) for name in CustomerPricing.model_fields}
    return {name: amount(value, currency) if is_amount(name) else value for name, value in held.items()}
