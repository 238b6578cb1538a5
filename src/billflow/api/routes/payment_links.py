"""Pages of Stripe's on which a customer enters a card, or looks after its invoices; and a test card without a page."""

from http import HTTPStatus

from pydantic import ConfigDict, Field

from billflow.api.changes import CustomerHere
from billflow.api.principal import TesterHere
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.models.contracts.base import RequestModel
from billflow.models.contracts.customer_responses import Link, TestCardResponse

router = api_router("customers", "/customers/{customer_id}")


class LinkCreate(RequestModel):
    """Where the customer comes back to."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"return_url": "https://app.example/billing"}]})

    return_url: str = Field(pattern=r"^https?://[^\s]+$", max_length=2000)


class TestCardCreate(RequestModel):
    """One of Stripe's test cards, by its name there."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"test_card": "pm_card_visa"}]})

    test_card: str = Field("pm_card_visa", pattern=r"^[A-Za-z0-9_]+$", max_length=100)


@router.post("/card-link", status_code=HTTPStatus.CREATED)
async def link_to_card(customer: CustomerHere, asked: LinkCreate, services: ServicesHere) -> Link:
    """Make a page where the customer enters a card, which then pays everything that is open."""
    return Link(url=await services.invoices.card_link(customer.org_id, customer.customer_id, asked.return_url))


@router.post("/portal-link", status_code=HTTPStatus.CREATED)
async def link_to_portal(customer: CustomerHere, asked: LinkCreate, services: ServicesHere) -> Link:
    """Make a page of Stripe's where the customer sees its invoices and changes its card."""
    return Link(url=await services.invoices.portal_link(customer.org_id, customer.customer_id, asked.return_url))


@router.post("/test-card", status_code=HTTPStatus.CREATED)
async def give_test_card(
    customer: CustomerHere, asked: TestCardCreate, services: ServicesHere, principal: TesterHere
) -> TestCardResponse:
    """Put a test card on file, as if the customer had entered it, which then pays everything that is open."""
    card = await services.invoices.give_test_card(principal.org_id, customer.customer_id, asked.test_card)
    return TestCardResponse(customer_id=customer.customer_id, payment_method=card)
