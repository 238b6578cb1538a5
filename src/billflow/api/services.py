"""What the API is given: the engine's parts that its routes call, and nothing that they do not."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Request

from billflow.api.authentication import Authentication
from billflow.api.injection import of_request
from billflow.documents.invoices import InvoiceDocuments
from billflow.models.contracts.webhooks import StripeEvent
from billflow.service.adjustments import AdjustmentService
from billflow.service.business import BusinessService
from billflow.service.catalog import CatalogService
from billflow.service.clocks import ClockService
from billflow.service.customers import CustomerService
from billflow.service.dry_run_requests import AskedDryRuns
from billflow.service.dry_run_results import DryRunResults
from billflow.service.imports import ImportService
from billflow.service.invoices import InvoiceService
from billflow.service.offers import OfferService
from billflow.service.parallel_runs import ParallelRunService
from billflow.service.plan_batches import PlanBatchService
from billflow.service.plans import PlanService
from billflow.service.portal import PortalService
from billflow.service.pricing import PricingService
from billflow.service.privacy import PrivacyService
from billflow.service.reconciliation import ReconciliationService
from billflow.service.seats import SeatService
from billflow.service.stripe_events import StripeEventQueue
from billflow.service.taxes import TaxService
from billflow.service.webhooks import WebhookService
from billflow.store.audit.roots import AuditRoots
from billflow.store.customers.seat_sources import PostgresSeatSourceSettings
from billflow.store.invoices.proofs import InvoiceProofs
from billflow.store.session.repositories import Queries, Repositories

VerifyWebhook = Callable[[bytes, str | None], StripeEvent]
"""Turns a raw body and its signature into an event; raises `InvalidInput` for a forged one."""

GUARDED_AT_ONCE = 4


@dataclass(frozen=True)
class Services:
    """The parts of one running API; `guarding` limits how many updates hold a connection of their own.

    Links into the portal begin with `portal_url`.
    """

    plans: PlanService
    plan_batches: PlanBatchService
    dry_runs: AskedDryRuns
    dry_run_results: DryRunResults
    reconciliation: ReconciliationService
    business: BusinessService
    repositories: Repositories
    queries: Queries
    customers: CustomerService
    seats: SeatService
    seat_sources: PostgresSeatSourceSettings
    clocks: ClockService
    offers: OfferService
    pricing: PricingService
    catalog: CatalogService
    taxes: TaxService
    stripe_events: StripeEventQueue
    imports: ImportService
    parallel_runs: ParallelRunService
    invoices: InvoiceService
    adjustments: AdjustmentService
    documents: InvoiceDocuments
    proofs: InvoiceProofs
    audit_roots: AuditRoots
    verify_webhook: VerifyWebhook
    authentication: Authentication
    webhooks: WebhookService
    privacy: PrivacyService
    portal: PortalService
    portal_url: str
    guarding: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(GUARDED_AT_ONCE))

    async def check_tier(self, org_id: str, tier: str) -> None:
        """Refuse a tier that the organization does not know; raises `InvalidInput`."""
        (await self.repositories.catalogs.current(org_id)).tier(tier)


def services_of(request: Request) -> Services:
    """Return what the running API was given."""
    return cast("Services", request.app.state.services)


ServicesHere = Annotated[Services, of_request(services_of)]
