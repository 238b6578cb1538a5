"""A workflow that stands still because the workers' version can't go on with it."""

from billflow.domain.reconciliation import Finding, FindingKind, Severity


def failing_task(workflow_id: str, attempt: int, build_id: str | None) -> Finding:
    """Name a workflow whose task fails; it is tried again by itself, and no repair of ours helps."""
    version = f"version {build_id}" if build_id else "workers without a version"
    message = (
        f"The workflow {workflow_id} stands still: attempt {attempt} of its task is for {version}. "
        "Go back by `billflow deploy rollback`, or promote a version that can go on."
    )
    return Finding(FindingKind.TASK_FAILING, Severity.WARNING, workflow_id, message)
