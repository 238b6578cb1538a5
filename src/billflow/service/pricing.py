"""Prices agreed with a customer, for its next plan and the one that runs, and prices announced (rules 14 and 18)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from billflow.domain.commands import ApplyDiscount
from billflow.domain.customer import check_agreement, check_minimum, price_per_license
from billflow.domain.plan import Plan
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


@dataclass(frozen=True)
class PricingService:
    """Prices that support agrees on with customers; raises `BillingError` with a stable code where a rule says no."""

    plans: PlanService
    repositories: Repositories
    queries: Queries

    async def agree(self, ref: CustomerRef, pricing: CustomerPricing, change: ChangeContext) -> CustomerRecord:
        """Agree on prices, and reprice the live plan of that tier, or the one scheduled to follow it, at once."""
        customer = await self.queries.customers.get(ref.org_id, ref.customer_id)
        discounted = bool(pricing.monthly_discounted_price or pricing.annual_discounted_price)
        catalog = await self.repositories.catalogs.current(ref.org_id)
        check_agreement(catalog, customer.hosting, pricing.required_plan_tier, discounted=discounted)
        live = await self.plans.live_plan(ref.org_id, ref.customer_id)
        if pricing.minimum_licenses != customer.pricing.minimum_licenses:
            paid_for = live is not None and _paid(await self._facts(live)) is not None
            check_minimum(pricing.minimum_licenses, discounted=discounted, has_paid_plan=paid_for)
        await self.repositories.customers.set_pricing(ref, pricing, change)
        if live is not None and _is_priced_otherwise(await self._facts(live)):
            await self._reprice(live, pricing, change)
        return await self.queries.customers.get(ref.org_id, ref.customer_id)

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

    async def _facts(self, plan: PlanState) -> Facts:
        return await self.queries.plans.facts(plan.ref, plan.clock_at or datetime.now(UTC))

    async def _reprice(self, plan: PlanState, pricing: CustomerPricing, change: ChangeContext) -> None:
        command = ApplyDiscount(
            monthly_discounted_price=pricing.monthly_discounted_price,
            annual_discounted_price=pricing.annual_discounted_price,
        )
        request = CommandRequest(
            command_id=KeyNamespace.PRICING.key(uuid4().hex),
            command=command,
            actor=change.actor,
            request_id=change.request_id,
        )
        await self.plans.command(plan.ref, request)


def _is_priced_otherwise(facts: Facts) -> bool:
    plan = _paid(facts)
    if plan is None or plan.fixed_price is not None or plan.tier != facts.customer.required_plan_tier:
        return False
    agreed = price_per_license(facts.catalog, plan.tier, plan.schedule, plan.currency, facts.customer)
    return plan.price_per_license != agreed.amount


def _paid(facts: Facts) -> Plan | None:
    """Return the plan that is paid for: the live one, or the one to follow complimentary access."""
    return facts.plan if facts.catalog.tier(facts.plan.tier).billable else facts.next_plan
