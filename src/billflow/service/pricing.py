"""Prices agreed with a customer, for its next plan and the one that runs, and prices announced (rules 14 and 18)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import uuid4

from billflow.domain.commands import ApplyDiscount
from billflow.domain.customer import CustomerTerms, check_agreement, check_minimum, price_per_license
from billflow.domain.discounts import Discount, Preview, discounts_of, preview_terms
from billflow.domain.plan import Plan
from billflow.domain.preview import facts_at
from billflow.domain.step import Facts
from billflow.mail.templates import price_change_mail
from billflow.models.contracts.catalog_changes import (
    PriceChangeCreate,
    PriceChangeRecord,
    PriceChangeRef,
    RepricedPlan,
)
from billflow.models.contracts.customers import ChangeContext, CustomerPricing, CustomerRecord, CustomerRef
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.steps import CommandRequest
from billflow.service.plans import PlanService
from billflow.store.session.repositories import Queries, Repositories
from billflow.temporal.workflow_starts import price_change_workflow

_TERMS = (
    "required_plan_tier",
    "monthly_discounted_price",
    "annual_discounted_price",
    "minimum_licenses",
    "exempt_from_license_number_check",
    "flat_discount",
    "flat_discounted_months",
)
"""What is agreed of a customer's terms."""


@dataclass(frozen=True)
class TermsPreview:
    """What other terms of a customer would do: to its live plan, None where it has none, and its discounts then."""

    plan: Preview | None
    discounts: tuple[Discount, ...]


@dataclass(frozen=True)
class PricingService:
    """Prices that support agrees on with customers; raises `BillingError` with a stable code where a rule says no."""

    plans: PlanService
    repositories: Repositories
    queries: Queries

    async def agree(self, ref: CustomerRef, pricing: CustomerPricing, change: ChangeContext) -> CustomerRecord:
        """Agree on prices, and reprice the live plan of that tier, or the one scheduled to follow it, at once."""
        await self._checked(ref, pricing)
        live = await self.plans.live_plan(ref.org_id, ref.customer_id)
        await self.repositories.customers.set_pricing(ref, pricing, change)
        if live is not None and _is_priced_otherwise((await self.plans.facts(live.ref))[0]):
            await self._reprice(live, pricing, change)
        return await self.queries.customers.get(ref.org_id, ref.customer_id)

    async def preview(self, ref: CustomerRef, pricing: CustomerPricing) -> TermsPreview:
        """Return what agreeing on prices would do to the live plan and its next invoice; raises as `agree` does."""
        customer = await self._checked(ref, pricing)
        pricing.check_chargeable(customer.billing_account.currency)
        agreed = {name: getattr(pricing.over(customer.pricing.flat_discounted_months), name) for name in _TERMS}
        return await self._previewed(ref, lambda terms: replace(terms, **agreed), _repricing(pricing))

    async def preview_coupon(self, ref: CustomerRef, code: str, change: ChangeContext) -> TermsPreview:
        """Return what attaching a coupon would do to the live plan's next invoices; raises as attaching it does."""
        attached = await self.repositories.coupons.preview(ref, code, change)
        return await self._previewed(ref, lambda terms: replace(terms, coupon=attached))

    async def _previewed(
        self,
        ref: CustomerRef,
        changed: Callable[[CustomerTerms], CustomerTerms],
        repricing: ApplyDiscount | None = None,
    ) -> TermsPreview:
        live = await self.plans.live_plan(ref.org_id, ref.customer_id)
        if live is None:
            terms = changed(await self.repositories.coupons.terms(ref))
            return TermsPreview(None, tuple(discounts_of(terms)))
        facts, now = await self.plans.facts(live.ref)
        terms = changed(facts.customer)
        repriced = repricing is not None and _is_priced_otherwise(replace(facts, customer=terms))
        command = repricing if repriced else None
        previewed = await asyncio.to_thread(preview_terms, facts_at(facts, now, now=now), terms, command, now)
        return TermsPreview(previewed, previewed.comparison.discounts)

    async def _checked(self, ref: CustomerRef, pricing: CustomerPricing) -> CustomerRecord:
        """Return the customer; raises `InvalidInput` or `Refused` for prices that could never count (rules 18)."""
        customer = await self.queries.customers.get(ref.org_id, ref.customer_id)
        discounted = bool(pricing.monthly_discounted_price or pricing.annual_discounted_price)
        catalog = await self.repositories.catalogs.current(ref.org_id)
        check_agreement(catalog, customer.hosting, pricing.required_plan_tier, discounted=discounted)
        if pricing.minimum_licenses != customer.pricing.minimum_licenses:
            live = await self.plans.live_plan(ref.org_id, ref.customer_id)
            paid_for = live is not None and _paid((await self.plans.facts(live.ref))[0]) is not None
            check_minimum(pricing.minimum_licenses, discounted=discounted, has_paid_plan=paid_for)
        return customer

    async def announce(
        self, org_id: str, asked: PriceChangeCreate, change: ChangeContext
    ) -> tuple[PriceChangeRecord, tuple[RepricedPlan, ...]]:
        """Give the plans of a tier the price that is listed, at a later renewal, and tell each by event and mail.

        What sends the mails is started first: where this process ends in between, it finds them, or nothing to send.
        """
        ref = PriceChangeRef(org_id=org_id, price_change_id=str(uuid4()))
        await self.repositories.price_changes.preview(org_id, asked, change.at)
        await self.plans.control.start(price_change_workflow(ref))
        prices = self.repositories.price_changes
        return await prices.announce(ref.price_change_id, asked, change, org_id, price_change_mail)

    async def _reprice(self, plan: PlanState, pricing: CustomerPricing, change: ChangeContext) -> None:
        request = CommandRequest(
            command_id=KeyNamespace.PRICING.key(uuid4().hex),
            command=_repricing(pricing),
            actor=change.actor,
            request_id=change.request_id,
        )
        await self.plans.command(plan.ref, request)


def _repricing(pricing: CustomerPricing) -> ApplyDiscount:
    return ApplyDiscount(
        monthly_discounted_price=pricing.monthly_discounted_price,
        annual_discounted_price=pricing.annual_discounted_price,
    )


def _is_priced_otherwise(facts: Facts) -> bool:
    plan = _paid(facts)
    if plan is None or plan.fixed_price is not None or plan.tier != facts.customer.required_plan_tier:
        return False
    agreed = price_per_license(facts.catalog, plan.tier, plan.schedule, plan.currency, facts.customer)
    return plan.price_per_license != agreed.amount


def _paid(facts: Facts) -> Plan | None:
    """Return the plan that is paid for: the live one, or the one to follow complimentary access."""
    return facts.plan if facts.catalog.tier(facts.plan.tier).billable else facts.next_plan
