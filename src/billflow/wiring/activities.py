"""Who works on which task queue: every workflow and every activity, named once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from temporalio.client import Client
from temporalio.worker import Worker

from billflow.activities.adjustments import AdjustmentActivities
from billflow.activities.collection import CollectionActivities
from billflow.activities.customer_update import CustomerUpdateActivities
from billflow.activities.dunning import DunningActivities
from billflow.activities.mail import MailActivities
from billflow.activities.onboarding import OnboardingActivities
from billflow.activities.reconciliation import ReconciliationActivities
from billflow.activities.steps import StepActivities
from billflow.temporal.queues import BILLFLOW, STRIPE
from billflow.temporal.worker import build_worker
from billflow.workflows.adjustments import AdjustmentWorkflow, CloseInvoiceWorkflow
from billflow.workflows.collection import CollectionWorkflow
from billflow.workflows.customer_update import CustomerUpdateWorkflow
from billflow.workflows.mail import MailWorkflow
from billflow.workflows.onboarding import OnboardingWorkflow
from billflow.workflows.plan import PlanWorkflow
from billflow.workflows.reconciliation import ReconciliationWorkflow

AT_STRIPE = 60
"""Calls to Stripe under way in one process: more than connections to the database, which they leave while they wait."""


@dataclass(frozen=True)
class ActivitySet:
    """The activities of one process, with their ports injected."""

    steps: StepActivities
    collection: CollectionActivities
    dunning: DunningActivities
    adjustments: AdjustmentActivities
    mail: MailActivities
    onboarding: OnboardingActivities
    reconciliation: ReconciliationActivities
    customer_update: CustomerUpdateActivities

    def billing_worker(self, client: Client, build_id: str | None) -> Worker:
        """Build the worker of workflows and of steps, which are short transactions of our own."""
        return build_worker(
            client,
            BILLFLOW,
            workflows=[
                PlanWorkflow,
                CollectionWorkflow,
                ReconciliationWorkflow,
                OnboardingWorkflow,
                CustomerUpdateWorkflow,
                AdjustmentWorkflow,
                CloseInvoiceWorkflow,
                MailWorkflow,
            ],
            activities=self._in_database(),
            build_id=build_id,
        )

    def _in_database(self) -> list[Callable[..., Any]]:
        steps, dunning, onboarding = self.steps, self.dunning, self.onboarding
        return [
            steps.close_cycle,
            steps.record_backfill,
            steps.take_command,
            steps.activate,
            steps.abandon,
            steps.resume,
            steps.plan_state,
            self.collection.record_next_attempt,
            self.collection.record_failure,
            dunning.terms,
            dunning.live_plans,
            dunning.suspend,
            dunning.reactivate,
            dunning.apply_small_organization_rule,
            dunning.write_off,
            self.mail.notify,
            self.mail.notify_late,
            onboarding.check_deployment,
            onboarding.check_account,
            onboarding.make_project,
            onboarding.remove_project,
            onboarding.start_plan,
            onboarding.report_part,
        ]

    def stripe_worker(self, client: Client, build_id: str | None, activities_per_second: float | None) -> Worker:
        """Build the worker of everything that calls Stripe, at a rate the server holds for the whole cluster."""
        activities: list[Callable[..., Any]] = [
            self.collection.collect,
            self.collection.void,
            self.adjustments.send_adjustment,
            self.adjustments.close_invoice,
            self.onboarding.make_stripe_customer,
            self.customer_update.update_payers,
            self.reconciliation.begin_reconciliation,
            self.reconciliation.reconcile_slice,
            self.reconciliation.finish_reconciliation,
        ]
        return stripe_worker_of(client, activities, build_id, activities_per_second)


def stripe_worker_of(
    client: Client, activities: Sequence[Callable[..., Any]], build_id: str | None, activities_per_second: float | None
) -> Worker:
    """Build a worker of the queue that has a rate."""
    return build_worker(
        client,
        STRIPE,
        activities=activities,
        max_concurrent_activities=AT_STRIPE,
        activities_per_second=activities_per_second,
        build_id=build_id,
    )
