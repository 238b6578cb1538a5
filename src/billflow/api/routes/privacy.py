"""What is kept of a customer, and forgetting it."""

from billflow.api.changes import AdminChange, CustomerHere
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.models.contracts.customer_responses import ErasureResponse
from billflow.models.contracts.personal_data import CustomerExport

router = api_router("privacy", "/customers/{customer_id}")


@router.get("/export")
async def export_customer(customer: CustomerHere, services: ServicesHere, change: AdminChange) -> CustomerExport:
    """Return everything that is kept of a customer, by kind; the export itself is audited."""
    return await services.repositories.personal_data.export(customer, change)


@router.post("/erase")
async def erase_customer(customer: CustomerHere, services: ServicesHere, change: AdminChange) -> ErasureResponse:
    """Replace names, e-mails and addresses, here and at Stripe; refused while something is still to be paid.

    Asked again, it does what is left of it. Why is not asked: nothing could keep that unread afterwards.
    """
    return ErasureResponse.of(await services.privacy.erase(customer, change))
