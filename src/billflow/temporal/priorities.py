"""Who goes first where work waits in a queue, and that no organization waits behind all the work of another."""

from typing import Final

from temporalio.common import Priority

PERSON_WAITS: Final = 1
"""A purchase, "pay now", a refund: somebody looks at a page until it is done."""

ORDINARY: Final = 3
"""Renewals and what else comes by itself; the server's default."""

NOBODY_WAITS: Final = 5
"""Repairs and reconciliation."""


def priority(org_id: str | None, urgency: int | None = None) -> Priority:
    """Return the priority of work for an organization; without *urgency* an activity has that of its workflow.

    Among work of one urgency organizations take turns: each is a fairness key, and all have the same weight.
    """
    return Priority(priority_key=urgency, fairness_key=org_id)
