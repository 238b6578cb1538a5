"""A customer's new name or e-mail on its way to Stripe, however long Stripe is away."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from billflow.activities.customer_update import CustomerUpdateActivities
    from billflow.models.contracts.customers import CustomerRef
    from billflow.workflows.activity_execution import at_stripe


@workflow.defn(name="CustomerUpdateWorkflow")
class CustomerUpdateWorkflow:
    """Brings to Stripe what our database says, once more where it changed meanwhile."""

    @workflow.init
    def __init__(self, customer: CustomerRef) -> None:
        self._changed = True

    @workflow.run
    async def run(self, customer: CustomerRef) -> None:
        """Update Stripe's customers until nothing is new."""
        while self._changed and not workflow.info().is_continue_as_new_suggested():
            self._changed = False
            await at_stripe(CustomerUpdateActivities.update_payers, customer, "name and e-mail")
        if self._changed:
            workflow.continue_as_new(customer)

    @workflow.signal(name="changed")
    def changed(self) -> None:
        """Note that the customer has changed again."""
        self._changed = True
