"""Who works on which task queue: every workflow and every activity, named once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from temporalio.client import Client
from temporalio.worker import Worker

from billflow.activities.collection import CollectionActivities
from billflow.activities.dunning import DunningActivities
from billflow.activities.mail import MailActivities
from billflow.activities.naming import NamingActivities
from billflow.activities.onboarding import OnboardingActivities
from billflow.activities.reconciliation import ReconciliationActivities
from billflow.activities.settling import AdjustmentActivities
from billflow.activities.steps import StepActivities
from billflow.temporal.queues import BILLFLOW, STRIPE
from billflow.temporal.worker import build_worker
from billflow.workflows.collection import CollectionWorkflow
from billflow.workflows.mailing import MailWorkflow
from billflow.workflows.naming import NamingWorkflow
from billflow.workflows.onboarding import OnboardingWorkflow
from billflow.workflows.plan import PlanWorkflow
from billflow.workflows.reconciliation import ReconciliationWorkflow
from billflow.workflows.settling import AdjustmentWorkflow, ClosingWorkflow

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
    naming: NamingActivities

    def billing_worker(self, client: Client, build_id: str | None) -> Worker:
        """Build the worker of workflows and of steps, which are short transactions of our own."""
        steps, dunning, onboarding = self.steps, self.dunning, self.onboarding
        return build_worker(
            client,
            BILLFLOW,
            workflows=[
                PlanWorkflow,
                CollectionWorkflow,
                ReconciliationWorkflow,
                OnboardingWorkflow,
                NamingWorkflow,
                AdjustmentWorkflow,
                ClosingWorkflow,
                MailWorkflow,
            ],
            activities=[
                steps.process_billing_date,
                steps.announce_backfill,
                steps.take_command,
                steps.activate,
                steps.abandon,
                steps.resume,
                steps.plan_state,
                self.collection.record_plan,
                self.collection.record_failure,
                dunning.terms,
                dunning.live_plans,
                dunning.suspend_for,
                dunning.lift_for,
                dunning.let_go,
                dunning.give_up,
                self.mail.notify,
                self.mail.notify_late,
                onboarding.check_deployment,
                onboarding.check_account,
                onboarding.make_project,
                onboarding.remove_project,
                onboarding.start_plan,
                onboarding.report_part,
            ],
            build_id=build_id,
        )

    def stripe_worker(self, client: Client, build_id: str | None, activities_per_second: float | None) -> Worker:
        """Build the worker of everything that calls Stripe, at a rate the server holds for the whole cluster."""
        activities: list[Callable[..., Any]] = [
            self.collection.collect,
            self.collection.void,
            self.adjustments.settle,
            self.adjustments.close,
            self.onboarding.make_stripe_customer,
            self.naming.rename_payers,
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
