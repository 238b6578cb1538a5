"""One mail to a customer, for as long as its mail server takes to come back."""

import contextlib
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, WorkflowAlreadyStartedError, is_cancelled_exception
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from billflow.activities.mail import MailActivities
    from billflow.models.contracts.mail import NotificationInput
    from billflow.temporal.ids import mail_workflow_id

LATE_WINDOW = timedelta(days=3)
"""How long a mail is tried; after that it says nothing new."""

_PATIENT = RetryPolicy(initial_interval=timedelta(minutes=10), maximum_interval=timedelta(hours=2))


@workflow.defn(name="MailWorkflow")
class MailWorkflow:
    """A mail that nobody waits for."""

    @workflow.run
    async def run(self, ask: NotificationInput) -> None:
        """Send it, unless it is out of date by then; what no server takes stays in the postbox."""
        try:
            await workflow.execute_activity_method(
                MailActivities.notify_late,
                ask,
                summary=f"mail: {ask.occasion}",
                start_to_close_timeout=timedelta(seconds=60),
                schedule_to_close_timeout=LATE_WINDOW,
                retry_policy=_PATIENT,
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            workflow.logger.warning("a mail was never sent", extra={"invoice_id": ask.invoice_id})


async def write(mail: NotificationInput) -> None:
    """Leave a letter to a workflow of its own, once per debt and occasion."""
    with contextlib.suppress(WorkflowAlreadyStartedError):
        await workflow.start_child_workflow(
            MailWorkflow.run,
            mail,
            id=mail_workflow_id(mail.key),
            parent_close_policy=ParentClosePolicy.ABANDON,
            static_summary=f"mail: {mail.occasion}",
        )
