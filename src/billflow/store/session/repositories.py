"""All repositories and queries of one database, by noun; one is imported and made when it is first asked for."""

import re
from dataclasses import MISSING, fields
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from billflow.store.session.database import Database

if TYPE_CHECKING:
    from billflow.store.access.api_keys import PostgresApiKeyRepository
    from billflow.store.access.console_sessions import PostgresConsoleSessionRepository
    from billflow.store.access.idempotency import PostgresIdempotencyRepository
    from billflow.store.access.organizations import PostgresOrganizationRepository
    from billflow.store.access.portal import PostgresPortalSettingsRepository
    from billflow.store.access.portal_links import PostgresPortalLinkRepository
    from billflow.store.access.sellers import PostgresSellerRepository
    from billflow.store.access.taxes import PostgresTaxRepository
    from billflow.store.adjustments.credits import PostgresCreditRepository
    from billflow.store.adjustments.reissues import PostgresReissueRepository
    from billflow.store.adjustments.repository import PostgresAdjustmentRepository
    from billflow.store.audit.erasure import PostgresPersonalDataRepository
    from billflow.store.audit.queries import PostgresAuditQueries
    from billflow.store.audit.reasons import PostgresReasonRepository
    from billflow.store.customers.billing_accounts import PostgresBillingAccountRepository
    from billflow.store.customers.business.queries import PostgresBusinessQueries
    from billflow.store.customers.channels import PostgresChannelRepository
    from billflow.store.customers.contacts import PostgresContactRepository
    from billflow.store.customers.imports import PostgresImportRepository
    from billflow.store.customers.issued_invoices import PostgresIssuedInvoiceRepository
    from billflow.store.customers.journal import PostgresJournalQueries
    from billflow.store.customers.onboardings import PostgresOnboardingRepository
    from billflow.store.customers.projects import PostgresProjectRepository
    from billflow.store.customers.queries import PostgresCustomerQueries
    from billflow.store.customers.reports import PostgresReportQueries
    from billflow.store.customers.repository import PostgresCustomerRepository
    from billflow.store.customers.seat_pulls import PostgresSeatPullRepository
    from billflow.store.customers.seats import PostgresSeatRepository
    from billflow.store.customers.settings import PostgresSettingsRepository
    from billflow.store.customers.sponsorships import PostgresSponsorshipRepository
    from billflow.store.customers.statements import PostgresStatementQueries
    from billflow.store.customers.timeline import PostgresTimelineQueries
    from billflow.store.dunning.debts import PostgresDebtSnapshots
    from billflow.store.dunning.repository import PostgresDunningRepository
    from billflow.store.invoices.queries import PostgresInvoiceQueries
    from billflow.store.invoices.repository import PostgresInvoiceRepository
    from billflow.store.mail.repository import PostgresMailRepository
    from billflow.store.offers.coupons import PostgresCouponRepository
    from billflow.store.offers.repository import PostgresOfferRepository
    from billflow.store.plans.catalog import PostgresCatalogRepository
    from billflow.store.plans.cutovers import PostgresCutoverRepository
    from billflow.store.plans.dry_run import PostgresDryRunRepository
    from billflow.store.plans.dry_run_facts import PostgresFactsRecorder
    from billflow.store.plans.notices import PostgresNoticeRepository
    from billflow.store.plans.parallel_runs import PostgresParallelRunQueries
    from billflow.store.plans.plan_batches import PostgresPlanBatchRepository
    from billflow.store.plans.price_changes import PostgresPriceChangeRepository
    from billflow.store.plans.queries import PostgresPlanQueries
    from billflow.store.plans.repository import PostgresPlanRepository
    from billflow.store.plans.snapshots import PostgresPlanSnapshots
    from billflow.store.plans.test_clocks import PostgresTestClockRepository
    from billflow.store.reconciliation.recovery import PostgresRecoveryQueries
    from billflow.store.reconciliation.repository import PostgresReconciliationRepository
    from billflow.store.reconciliation.runs import PostgresReconciliationRuns
    from billflow.store.session.id_lookup import IdLookup
    from billflow.store.session.monitoring import PostgresMonitoring
    from billflow.store.webhooks.deliveries import PostgresDeliveryRepository
    from billflow.store.webhooks.outbox import PostgresOutboxRepository
    from billflow.store.webhooks.stripe_event_effects import PostgresStripeEventEffects
    from billflow.store.webhooks.stripe_events import PostgresStripeEventRepository

Made = TypeVar("Made")

_KIND = re.compile(r"Part\[(\w+)\]")


class Part(Generic[Made]):
    """An attribute that is made when it is first asked for, from other attributes of its owner.

    Its annotation names the class, *module* where to import it from, under `billflow`. A field of the class that has no
    default, and `livemode`, take the owner's attribute of the same name.
    """

    def __init__(self, module: str) -> None:
        self.module = module

    def __set_name__(self, owner: type, name: str) -> None:
        """Remember where to keep what is made, and its class."""
        self.name, self.kind = name, _KIND.findall(str(owner.__annotations__[name]))[0]

    def __get__(self, owner: Any, owner_type: type) -> Made:
        """Import the class, make the part and keep it."""
        if owner is None:
            raise AttributeError  # a dataclass asks its class for defaults; nothing is to be imported for it
        found = getattr(import_module(f"billflow.{self.module}"), self.kind)
        made: Made = found(**{name: getattr(owner, name) for name in taken_by(found)})
        vars(owner)[self.name] = made
        return made


def taken_by(kind: Any) -> list[str]:
    """Return the names of what a part is made from."""
    needed = (one for one in fields(kind) if one.init and one.default is MISSING is one.default_factory)
    return [*(one.name for one in needed), *(["livemode"] if hasattr(kind, "livemode") else [])]


class Repositories:
    """The repositories of one process: what writes. With *livemode* they work with real money."""

    organizations: "Part[PostgresOrganizationRepository]" = Part("store.access.organizations")
    api_keys: "Part[PostgresApiKeyRepository]" = Part("store.access.api_keys")
    console_sessions: "Part[PostgresConsoleSessionRepository]" = Part("store.access.console_sessions")
    portal_links: "Part[PostgresPortalLinkRepository]" = Part("store.access.portal_links")
    portal_settings: "Part[PostgresPortalSettingsRepository]" = Part("store.access.portal")
    idempotency: "Part[PostgresIdempotencyRepository]" = Part("store.access.idempotency")
    personal_data: "Part[PostgresPersonalDataRepository]" = Part("store.audit.erasure")
    reasons: "Part[PostgresReasonRepository]" = Part("store.audit.reasons")
    sellers: "Part[PostgresSellerRepository]" = Part("store.access.sellers")
    taxes: "Part[PostgresTaxRepository]" = Part("store.access.taxes")
    catalogs: "Part[PostgresCatalogRepository]" = Part("store.plans.catalog")
    price_changes: "Part[PostgresPriceChangeRepository]" = Part("store.plans.price_changes")
    customers: "Part[PostgresCustomerRepository]" = Part("store.customers.repository")
    imports: "Part[PostgresImportRepository]" = Part("store.customers.imports")
    issued_invoices: "Part[PostgresIssuedInvoiceRepository]" = Part("store.customers.issued_invoices")
    contacts: "Part[PostgresContactRepository]" = Part("store.customers.contacts")
    billing_accounts: "Part[PostgresBillingAccountRepository]" = Part("store.customers.billing_accounts")
    projects: "Part[PostgresProjectRepository]" = Part("store.customers.projects")
    channels: "Part[PostgresChannelRepository]" = Part("store.customers.channels")
    settings: "Part[PostgresSettingsRepository]" = Part("store.customers.settings")
    seats: "Part[PostgresSeatRepository]" = Part("store.customers.seats")
    seat_pulls: "Part[PostgresSeatPullRepository]" = Part("store.customers.seat_pulls")
    credits: "Part[PostgresCreditRepository]" = Part("store.adjustments.credits")
    sponsorships: "Part[PostgresSponsorshipRepository]" = Part("store.customers.sponsorships")
    onboardings: "Part[PostgresOnboardingRepository]" = Part("store.customers.onboardings")
    offers: "Part[PostgresOfferRepository]" = Part("store.offers.repository")
    coupons: "Part[PostgresCouponRepository]" = Part("store.offers.coupons")
    notices: "Part[PostgresNoticeRepository]" = Part("store.plans.notices")
    test_clocks: "Part[PostgresTestClockRepository]" = Part("store.plans.test_clocks")
    mails: "Part[PostgresMailRepository]" = Part("store.mail.repository")
    outbox: "Part[PostgresOutboxRepository]" = Part("store.webhooks.outbox")
    deliveries: "Part[PostgresDeliveryRepository]" = Part("store.webhooks.deliveries")
    plans: "Part[PostgresPlanRepository]" = Part("store.plans.repository")
    plan_batches: "Part[PostgresPlanBatchRepository]" = Part("store.plans.plan_batches")
    dry_runs: "Part[PostgresDryRunRepository]" = Part("store.plans.dry_run")
    cutovers: "Part[PostgresCutoverRepository]" = Part("store.plans.cutovers")
    invoices: "Part[PostgresInvoiceRepository]" = Part("store.invoices.repository")
    adjustments: "Part[PostgresAdjustmentRepository]" = Part("store.adjustments.repository")
    reissues: "Part[PostgresReissueRepository]" = Part("store.adjustments.reissues")
    dunning: "Part[PostgresDunningRepository]" = Part("store.dunning.repository")
    reconciliation: "Part[PostgresReconciliationRepository]" = Part("store.reconciliation.repository")
    reconciliation_runs: "Part[PostgresReconciliationRuns]" = Part("store.reconciliation.runs")
    stripe_events: "Part[PostgresStripeEventRepository]" = Part("store.webhooks.stripe_events")
    stripe_event_effects: "Part[PostgresStripeEventEffects]" = Part("store.webhooks.stripe_event_effects")

    def __init__(self, database: Database, *, livemode: bool = False) -> None:
        self.database, self.livemode = database, livemode


class Queries:
    """The queries of one process: what reads, for lists and pages."""

    plans: "Part[PostgresPlanQueries]" = Part("store.plans.queries")
    plan_snapshots: "Part[PostgresPlanSnapshots]" = Part("store.plans.snapshots")
    debt_snapshots: "Part[PostgresDebtSnapshots]" = Part("store.dunning.debts")
    facts_recorder: "Part[PostgresFactsRecorder]" = Part("store.plans.dry_run_facts")
    invoices: "Part[PostgresInvoiceQueries]" = Part("store.invoices.queries")
    customers: "Part[PostgresCustomerQueries]" = Part("store.customers.queries")
    ids: "Part[IdLookup]" = Part("store.session.id_lookup")
    reports: "Part[PostgresReportQueries]" = Part("store.customers.reports")
    journal: "Part[PostgresJournalQueries]" = Part("store.customers.journal")
    statements: "Part[PostgresStatementQueries]" = Part("store.customers.statements")
    timelines: "Part[PostgresTimelineQueries]" = Part("store.customers.timeline")
    credits: "Part[PostgresCreditRepository]" = Part("store.adjustments.credits")
    audit: "Part[PostgresAuditQueries]" = Part("store.audit.queries")
    parallel_runs: "Part[PostgresParallelRunQueries]" = Part("store.plans.parallel_runs")
    business: "Part[PostgresBusinessQueries]" = Part("store.customers.business.queries")
    monitoring: "Part[PostgresMonitoring]" = Part("store.session.monitoring")
    recovery: "Part[PostgresRecoveryQueries]" = Part("store.reconciliation.recovery")

    def __init__(self, database: Database) -> None:
        self.database = database

    def as_of(self, moment: datetime | None) -> "Queries":
        """Return the same queries of what was known at *moment*, where one is named."""
        return Queries(self.database.as_of(moment)) if moment else self
