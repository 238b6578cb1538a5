"""The workers of one process, with the activities they run."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

from temporalio.client import Client
from temporalio.worker import Worker

from billflow.activities.adjustments import AdjustmentActivities
from billflow.activities.collection import CollectionActivities
from billflow.activities.comparison import Comparison
from billflow.activities.customer_update import CustomerUpdateActivities
from billflow.activities.cutovers import CutoverActivities, OldSubscriptionCheck
from billflow.activities.delivery import DeliveryActivities, DeliverySweepActivities
from billflow.activities.dunning import DunningActivities
from billflow.activities.mail import MailActivities
from billflow.activities.notices import NoticeActivities
from billflow.activities.onboarding import OnboardingActivities
from billflow.activities.plan_batches import PlanBatchActivities
from billflow.activities.reconciliation import ReconciliationActivities
from billflow.activities.reissues import ReplacedInvoices
from billflow.activities.repairs import Repairs
from billflow.activities.retention import RetentionActivities
from billflow.activities.seats import SeatActivities, SeatDueActivities, SeatSweepActivities
from billflow.activities.steps import StepActivities
from billflow.delivery.seat_readers import seat_readers
from billflow.delivery.sender import http_sender
from billflow.mail.templates import mail
from billflow.models.contracts.access import Mode
from billflow.payments.customers import StripeCustomers
from billflow.payments.mode import is_live
from billflow.payments.reconciliation import StripeInvoiceLists
from billflow.service.outbox import OutboxRelay
from billflow.settings import Settings, payload_keyring
from billflow.store.session.pools import BACKGROUND_POOL_SIZE
from billflow.temporal import queue_rates, schedules, search_attributes
from billflow.temporal.client import connect
from billflow.temporal.queues import BILLFLOW, DELIVERY, RECONCILIATION, SEATS, STRIPE
from billflow.temporal.versions import own_build_id
from billflow.temporal.worker import activities_of, build_worker
from billflow.temporal.workflow_tasks import WorkflowTasks
from billflow.wiring.engine import Engine
from billflow.wiring.mail import mailer
from billflow.workflows.adjustments import AdjustmentWorkflow, CloseInvoiceWorkflow
from billflow.workflows.collection import CollectionWorkflow
from billflow.workflows.customer_update import CustomerUpdateWorkflow
from billflow.workflows.delivery import DeliverySweepWorkflow, DeliveryWorkflow
from billflow.workflows.mail import MailWorkflow, PriceChangeMailsWorkflow, StoredMailWorkflow
from billflow.workflows.notices import NoticeSweepWorkflow
from billflow.workflows.onboarding import OnboardingWorkflow
from billflow.workflows.plan import PlanWorkflow
from billflow.workflows.plan_batches import PlanBatchWorkflow
from billflow.workflows.reconciliation import (
    FindingRepairWorkflow,
    NightlyReconciliationWorkflow,
    ReconciliationWorkflow,
)
from billflow.workflows.retention import RetentionWorkflow
from billflow.workflows.seats import SeatPullWorkflow, SeatSweepWorkflow

WORKFLOWS: Final = (
    PlanWorkflow,
    CollectionWorkflow,
    ReconciliationWorkflow,
    NightlyReconciliationWorkflow,
    OnboardingWorkflow,
    CustomerUpdateWorkflow,
    AdjustmentWorkflow,
    CloseInvoiceWorkflow,
    MailWorkflow,
    PriceChangeMailsWorkflow,
    StoredMailWorkflow,
    RetentionWorkflow,
    SeatPullWorkflow,
    SeatSweepWorkflow,
    NoticeSweepWorkflow,
    PlanBatchWorkflow,
    FindingRepairWorkflow,
)

DELIVERY_WORKFLOWS: Final = (DeliveryWorkflow, DeliverySweepWorkflow)
ALL_WORKFLOWS: Final = (*WORKFLOWS, *DELIVERY_WORKFLOWS)

AT_STRIPE = 60
"""Calls to Stripe under way in one process: more than connections to the database, which they leave while they wait."""

FIRST_RATES: Final = {Mode.LIVE: 24.0, Mode.TEST: 5.0}
"""How many invoices are sent a second until somebody says otherwise (`billflow queues set`).

An invoice takes four of Stripe's operations, each allowed 25 times a second, or all together in a sandbox. What is left
over is for what people ask Stripe meanwhile.
"""


def workers(engine: Engine) -> list[AbstractAsyncContextManager[object]]:
    """Build the workers of all task queues: workflows with their steps, Stripe, reconciliation, and events sent out.

    A step is a short transaction of our own, a local activity of whoever runs the workflow.
    """
    activities, settings = activities_of(*activity_classes(engine)), engine.settings
    return [
        delivering(engine),
        counting(engine),
        build_worker(
            engine.client,
            BILLFLOW,
            workflows=WORKFLOWS,
            activities=activities,
            max_workflow_tasks=settings.max_workflow_tasks,
            max_concurrent_activities=settings.max_activities,
            max_cached_workflows=settings.max_cached_workflows,
            build_id=settings.build_id,
        ),
        stripe_worker(engine.client, activities, settings.build_id, settings.max_stripe_activities),
        reconciliation_worker(engine),
    ]


def versioned(settings: Settings) -> Settings:
    """Return settings whose `build_id` is the package's version where none is named, and None where it is empty."""
    return settings.model_copy(update={"build_id": own_build_id(settings.build_id)})


def stripe_worker(
    client: Client, activities: Sequence[Callable[..., Any]], build_id: str | None, at_once: int = AT_STRIPE
) -> Worker:
    """Build the worker of everything that calls Stripe; the server holds its rate for the whole cluster."""
    return build_worker(client, STRIPE, activities=activities, max_concurrent_activities=at_once, build_id=build_id)


def reconciliation_worker(engine: Engine) -> Worker:
    """Build the worker of what reconciliation compares without Stripe."""
    return build_worker(
        engine.client,
        RECONCILIATION,
        activities=activities_of(reconciliation_activities(engine.on(engine.pools.background))),
        max_concurrent_activities=BACKGROUND_POOL_SIZE,
        build_id=engine.settings.build_id,
    )


def activity_classes(engine: Engine) -> tuple[object, ...]:
    """Build every activity but those of events on their way out."""
    rows = engine.repositories
    replaced = ReplacedInvoices(rows.invoices, rows.adjustments, engine.gateway, engine.adjustment_gateway)
    stripe_customers = StripeCustomers(engine.stripe, engine.mode is Mode.LIVE)
    return (
        StepActivities(rows.plans),
        CollectionActivities(rows.invoices, engine.gateway, replaced),
        DunningActivities(rows.dunning, rows.adjustments),
        AdjustmentActivities(rows.invoices, rows.adjustments, engine.gateway, engine.adjustment_gateway),
        mail_activities(engine),
        onboarding_activities(engine),
        reconciliation_activities(background := engine.on(engine.pools.background)),
        RetentionActivities(background.retention),
        CustomerUpdateActivities(rows.billing_accounts, stripe_customers),
        SeatDueActivities(rows.seat_pulls),
        notice_activities(background),
        SeatSweepActivities(rows.seat_pulls, engine.control),
        plan_batch_activities(background),
        CutoverActivities(rows.plans, rows.cutovers, engine.old_subscriptions),
    )


def onboarding_activities(engine: Engine) -> OnboardingActivities:
    """Build what onboards a new customer."""
    rows = engine.repositories
    return OnboardingActivities(
        onboardings=rows.onboardings,
        billing_accounts=rows.billing_accounts,
        projects=rows.projects,
        test_clocks=rows.test_clocks,
        customer_queries=engine.queries.customers,
        plans=rows.plans,
        invoices=rows.invoices,
        gateway=engine.gateway,
    )


def mail_activities(engine: Engine) -> MailActivities:
    """Build what writes to customers; without a mail server mail is stored, not sent."""
    return MailActivities(engine.repositories.mails, mail, mailer(engine), engine.repositories.price_changes)


def plan_batch_activities(engine: Engine) -> PlanBatchActivities:
    """Build what gives one command to many plans."""
    rows = engine.repositories
    old = OldSubscriptionCheck(rows.cutovers, engine.old_subscriptions)
    return PlanBatchActivities(rows.plan_batches, rows.plans, engine.plans, old)


def notice_activities(engine: Engine) -> NoticeActivities:
    """Build what tells customers ahead."""
    rows = engine.repositories
    return NoticeActivities(rows.notices, rows.mails, engine.queries.monitoring, mail, mailer(engine))


def reconciliation_activities(engine: Engine) -> ReconciliationActivities:
    """Build what compares database, Stripe and workflows, and repairs them."""
    rows, stripe, control = engine.repositories, StripeInvoiceLists(engine.stripe), engine.control
    status_changed = engine.collection.invoice_status_changed
    comparison = Comparison(rows.reconciliation, stripe, control, WorkflowTasks(engine.client))
    repairs = Repairs(rows.reconciliation, rows.invoices, engine.gateway, stripe, control, status_changed)
    return ReconciliationActivities(rows.reconciliation, comparison, repairs, rows.offers, engine.queries.monitoring)


async def ensure_schedules(engine: Engine) -> None:
    """Let what happens by the clock happen, and the organization of the settings be there; safe to repeat."""
    await engine.repositories.organizations.ensure(engine.settings.org)
    await schedules.ensure_schedules(engine.client)


async def prepare_temporal(settings: Settings, address: str | None = None) -> None:
    """Teach Temporal our search attributes, what happens by the clock, and how fast Stripe may be asked at first."""
    await prepare(await connect(address, keyring=payload_keyring(settings)), settings)


async def prepare(client: Client, settings: Settings) -> None:
    """Do the same by a client; safe to repeat."""
    await search_attributes.ensure(client)
    await schedules.delete_schedules_of_organizations(client)
    await schedules.ensure_schedules(client)
    await queue_rates.ensure_rates(client, _first_rates(settings))


@asynccontextmanager
async def delivering(engine: Engine) -> AsyncIterator[None]:
    """Send events to endpoints: a worker of its own, and a relay that notices new events."""
    rows = engine.on(engine.pools.background).repositories
    async with http_sender(engine.address_policy) as sender:
        activities = DeliveryActivities(rows.deliveries, sender)
        worker = build_worker(
            engine.client,
            DELIVERY,
            workflows=DELIVERY_WORKFLOWS,
            max_cached_workflows=engine.settings.max_cached_workflows,
            activities=activities_of(activities, DeliverySweepActivities(rows.deliveries, engine.control)),
            build_id=engine.settings.build_id,
        )
        async with worker, OutboxRelay(rows.outbox, engine.control):
            yield


@asynccontextmanager
async def counting(engine: Engine) -> AsyncIterator[None]:
    """Count licenses in the systems of the product, by a worker that can do nothing else."""
    rows = engine.on(engine.pools.background).repositories
    async with seat_readers(engine.address_policy) as reader:
        activities = activities_of(SeatActivities(rows.seat_pulls, reader))
        async with build_worker(engine.client, SEATS, activities=activities, build_id=engine.settings.build_id):
            yield


def _first_rates(settings: Settings) -> dict[str, float]:
    """Return the rate of the queue to Stripe itself; an emulator has no limits but those that it is told."""
    if settings.stripe_api_base is not None or settings.stripe_api_key is None:
        return {}
    live = is_live(settings.stripe_api_key.get_secret_value())
    return {STRIPE: FIRST_RATES[Mode.LIVE if live else Mode.TEST]}
