"""How workflows are named; ids are stored in clear text, so they hold nothing personal."""

from datetime import datetime


def plan_workflow_id(plan_id: str) -> str:
    """Return the id of the workflow a plan lives in."""
    return f"plan/{plan_id}"


def delivery_workflow_id(endpoint_id: str, customer_id: str | None) -> str:
    """Return the id of the workflow that sends a customer's events to an endpoint, or the organization's own."""
    return f"delivery/{endpoint_id}/{customer_id or 'org'}"


def collection_workflow_id(invoice_id: str) -> str:
    """Return the id of the workflow that collects an unpaid invoice."""
    return f"collection/{invoice_id}"


def mail_workflow_id(key: str) -> str:
    """Return the id of the workflow that goes on trying to send a mail; *key* names debt and occasion."""
    return f"mail/{key}"


def reconciliation_workflow_id(org_id: str, day: datetime | None = None) -> str:
    """Return the id of an organization's reconciliation on a day; the nightly schedule adds the day by itself."""
    return f"reconciliation/{org_id}" if day is None else f"reconciliation/{org_id}/{day:%Y-%m-%d}"


def customer_update_workflow_id(customer_id: str) -> str:
    """Return the id of the workflow that brings a customer's new name and e-mail to Stripe."""
    return f"customer-update/{customer_id}"


def onboarding_workflow_id(customer_id: str) -> str:
    """Return the id of the workflow that onboards a customer."""
    return f"onboarding/{customer_id}"
