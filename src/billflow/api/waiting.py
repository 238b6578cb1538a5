"""What waits in all organizations, as numbers for Prometheus; no label names a customer or an organization."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from billflow.models.contracts.access import WaitingWork
from billflow.models.contracts.queues import QueueRecord


class Waiting:
    """What waits in all organizations, as it was last counted."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.plans = self._gauge("billflow_plans_needing_attention", "Plans that are on hold.")
        self.on_hold = self._gauge("billflow_plans_on_hold", "Plans that are on hold, by why.", "code")
        self.backlog = self._gauge(
            "billflow_task_queue_backlog", "Tasks that wait for a worker, about.", "task_queue", "type"
        )
        self.workers = self._gauge(
            "billflow_task_queue_workers", "Processes that asked for work in the last minutes.", "task_queue"
        )
        self.workflows = self._gauge(
            "billflow_workflows_needing_attention", "Workflows that are on hold, or whose step or request fails."
        )
        self.failing = self._gauge(
            "billflow_workflows_failing_tasks",
            "Workflows that stand still, for their task fails on the workers' version.",
        )
        self.invoices = self._gauge("billflow_invoices_unsent", "Invoices that Stripe does not hold yet.")
        self.oldest_invoice = self._gauge(
            "billflow_oldest_unsent_invoice_seconds", "Age of the oldest invoice that Stripe does not hold yet."
        )
        self.webhook = self._gauge(
            "billflow_oldest_open_webhook_seconds", "Age of the oldest event of Stripe's that nobody acted on."
        )
        self.foreign = self._gauge(
            "billflow_foreign_stripe_events", "Events of Stripe's that are kept and belong to no organization."
        )
        self.counted = self._gauge("billflow_counted_timestamp_seconds", "When these were last counted; 0 for never.")

    def update(
        self,
        work: WaitingWork | None,
        workflows: int | None,
        failing: int | None,
        queues: Sequence[QueueRecord],
    ) -> None:
        """Take in what waits now; None, and so not a number, where PostgreSQL or Temporal does not say.

        What has a label is left out then.
        """
        self._count_queues(queues)
        self.workflows.set(math.nan if workflows is None else workflows)
        self.failing.set(math.nan if failing is None else failing)
        self.on_hold.clear()
        for code, count in (work.plans_on_hold if work else {}).items():
            self.on_hold.labels(code).set(count)
        self.plans.set(work.plans_needing_attention if work else math.nan)
        self.invoices.set(work.unsent_invoices if work else math.nan)
        self.oldest_invoice.set(_age(work.oldest_unsent_invoice) if work else math.nan)
        self.webhook.set(_age(work.oldest_open_webhook) if work else math.nan)
        self.foreign.set(work.foreign_stripe_events if work else math.nan)
        if work:
            self.counted.set_to_current_time()

    def exposition(self) -> bytes:
        """Return the numbers in Prometheus' text format."""
        return generate_latest(self.registry)

    def _count_queues(self, queues: Sequence[QueueRecord]) -> None:
        self.backlog.clear()
        self.workers.clear()
        for queue in queues:
            self.backlog.labels(queue.queue, "workflow").set(queue.workflows_waiting)
            self.backlog.labels(queue.queue, "activity").set(queue.activities_waiting)
            self.workers.labels(queue.queue).set(queue.workers)

    def _gauge(self, name: str, documentation: str, *labels: str) -> Gauge:
        return Gauge(name, documentation, labels, registry=self.registry)


def _age(since: datetime | None) -> float:
    """Return the seconds since a moment, 0 where there is none."""
    return (datetime.now(UTC) - since).total_seconds() if since else 0
