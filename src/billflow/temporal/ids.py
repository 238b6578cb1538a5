"""The ids of workflows that are signalled; stored in clear text, so they hold nothing personal."""


def plan_workflow_id(plan_id: str) -> str:
    """Return the id of the workflow a plan lives in."""
    return f"plan/{plan_id}"


def collection_workflow_id(invoice_id: str) -> str:
    """Return the id of the workflow that collects an unpaid invoice."""
    return f"collection/{invoice_id}"
