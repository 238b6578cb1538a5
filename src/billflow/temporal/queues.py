"""The task queues, and why there are six."""

from typing import Final

BILLFLOW: Final = "billflow"
"""Workflows and the short activities that only need our database."""

STRIPE: Final = "billflow-stripe"
"""Activities that call Stripe: a queue of their own, because its rate limit is held per queue by the server."""

RECONCILIATION: Final = "billflow-reconciliation"
"""Comparing what does not need Stripe, which must take none of its rate."""

DELIVERY: Final = "billflow-delivery"
"""Sending events to endpoints: a slow one must not take the place of anything else."""

SEATS: Final = "billflow-seats"
"""Counting seats in other people's systems: one that is slow or away must not hold up billing."""

DRY_RUNS: Final = "billflow-dry-runs"
"""Billing every plan ahead: one dry run at a time in each process of workers, whatever else waits."""

ALL: Final = (BILLFLOW, STRIPE, RECONCILIATION, DELIVERY, SEATS, DRY_RUNS)
