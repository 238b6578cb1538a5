"""A customer's new name or e-mail on its way to Stripe, however long Stripe is away."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from billflow.activities.naming import NamingActivities
    from billflow.models.contracts.customers import CustomerRef
    from billflow.workflows.calls import at_stripe


@workflow.defn(name="NamingWorkflow")
class NamingWorkflow:
    """Brings to Stripe what our rows say, once more where they changed meanwhile."""

    @workflow.init
    def __init__(self, customer: CustomerRef) -> None:
        self._customer = customer
        self._changed = True

    @workflow.run
    async def run(self, customer: CustomerRef) -> None:
        """Tell Stripe until nothing is new."""
        while self._changed and not workflow.info().is_continue_as_new_suggested():
            self._changed = False
            await at_stripe(NamingActivities.rename_payers, self._customer, "name and e-mail")
        if self._changed:
            workflow.continue_as_new(customer)

    @workflow.signal(name="changed")
    def changed(self) -> None:
        """Hear that the rows have changed."""
        self._changed = True
