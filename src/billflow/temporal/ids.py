"""How workflows are named; ids are stored in clear text, so they hold nothing personal."""

from datetime import datetime


def plan_workflow_id(plan_id: str) -> str:
    """Return the id of the workflow a plan lives in."""
    return f"plan/{plan_id}"


def collection_workflow_id(invoice_id: str) -> str:
    """Return the id of the workflow that collects an unpaid invoice."""
    return f"collection/{invoice_id}"


def reconciliation_workflow_id(org_id: str, day: datetime | None = None) -> str:
    """Return the id of an organization's reconciliation on a day; the nightly schedule adds the day by itself."""
    return f"reconciliation/{org_id}" if day is None else f"reconciliation/{org_id}/{day:%Y-%m-%d}"


def onboarding_workflow_id(customer_id: str) -> str:
    """Return the id of the workflow that takes a customer in."""
    return f"onboarding/{customer_id}"
