"""What a customer used and paid, what support agreed with it, and what it is given."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Self

from fastapi import Query
from pydantic import ConfigDict, model_validator

from billflow.api.as_of import PastMoment, PastSlice, documents, known
from billflow.api.changes import CustomerHere, SupportChange, change_by
from billflow.api.fields import KeyHere
from billflow.api.principal import SupportHere
from billflow.api.routers import api_router
from billflow.api.routes.invoices import PdfResponse, pdf_named
from billflow.api.services import ServicesHere
from billflow.domain.errors import InvalidInput
from billflow.models.contracts.base import RequestModel, RequestMoment
from billflow.models.contracts.customer_finances import CreditCreate, GrantedCredit, ReportRecord, UsageRecord
from billflow.models.contracts.customer_responses import CreditList, CreditResponse
from billflow.models.contracts.customers import CustomerPricing, CustomerRecord
from billflow.models.contracts.previews import PreviewResponse
from billflow.models.contracts.responses import CustomerResponse
from billflow.models.contracts.statements import StatementRecord

USUAL_SPAN = timedelta(days=365)
LONGEST_SPAN = timedelta(days=3660)

router = api_router("customers", "/customers/{customer_id}")


class Span(RequestModel):
    """From when until when; the last year where nothing is named, ten years at most."""

    since: RequestMoment | None = None
    until: RequestMoment | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        since, until = self.moments()
        if not timedelta(0) <= until - since <= LONGEST_SPAN:
            raise InvalidInput("since must lie before until, and at most ten years before it.", field="since")
        return self

    def moments(self) -> tuple[datetime, datetime]:
        """Return both ends."""
        until = self.until or (self.since + USUAL_SPAN if self.since else datetime.now(UTC))
        return self.since or until - USUAL_SPAN, until


class StatementSpan(RequestModel):
    """From when until when, and as of when; from the beginning, or all so far, where one is not named."""

    since: RequestMoment | None = None
    until: RequestMoment | None = None
    as_of: PastMoment = None


class PricingUpdate(CustomerPricing):
    """All that is agreed with a customer; what is left out goes back to how it was before any agreement.

    Months of the flat discount that are left out stay, unless there is a discounted price.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "required_plan_tier": "cloud_standard",
                    "monthly_discounted_price": 500,
                    "annual_discounted_price": 5000,
                }
            ]
        },
    )


@router.get("/usage")
async def show_usage(customer: CustomerHere, services: ServicesHere, span: Annotated[Span, Query()]) -> UsageRecord:
    """Show seats by day, licenses, and money by month, across all projects."""
    return await services.queries.reports.usage(customer, *span.moments())


@router.get("/report")
async def show_report(customer: CustomerHere, services: ServicesHere, as_of: PastMoment = None) -> ReportRecord:
    """Show what a customer is worth: lifetime value, what renews per month, what is open, and its plans."""
    return await known(services, as_of, lambda queries: queries.reports.report(customer))


@router.get("/statement")
async def show_statement(
    customer: CustomerHere, services: ServicesHere, span: Annotated[StatementSpan, Query()]
) -> StatementRecord:
    """State a customer's account: opening balance, charges, credits, payments and refunds, closing balance."""
    now = span.as_of or datetime.now(UTC)
    asked = customer, span.since, span.until, now
    return await known(services, span.as_of, lambda queries: queries.statements.statement(*asked))


@router.get("/statement/pdf", response_class=PdfResponse)
async def print_statement(
    customer: CustomerHere, services: ServicesHere, span: Annotated[StatementSpan, Query()]
) -> PdfResponse:
    """Return a customer's statement of account as a PDF file in its language."""
    now, found = span.as_of or datetime.now(UTC), documents(services, span.as_of)
    return pdf_named("statement", await found.statement_pdf(customer, span.since, span.until, now))


@router.get("/pricing")
async def show_pricing(customer: CustomerHere, services: ServicesHere) -> CustomerPricing:
    """Show what support agreed with a customer."""
    return (await services.queries.customers.get(customer.org_id, customer.customer_id)).pricing


@router.put("/pricing", response_model=CustomerResponse)
async def set_pricing(
    customer: CustomerHere, asked: PricingUpdate, services: ServicesHere, change: SupportChange
) -> CustomerRecord:
    """Agree on prices with a customer; the live plan of that tier has them at once, for what is billed from now on."""
    return await services.pricing.agree(customer, asked, change)


@router.post("/pricing/preview")
async def preview_pricing(
    customer: CustomerHere, asked: PricingUpdate, services: ServicesHere, _: SupportHere
) -> PreviewResponse:
    """Say what agreeing on prices would do to the live plan's price, next invoice and discounts; nothing is written."""
    found = await services.pricing.preview(customer, asked)
    return PreviewResponse.of_terms(found.plan, found.discounts)


@router.get("/credits")
async def list_credits(
    customer: CustomerHere, services: ServicesHere, part: Annotated[PastSlice, Query()]
) -> CreditList:
    """Show what is left of a customer's credits, and how it came about."""
    held = await known(services, part.as_of, lambda queries: queries.credits.get(customer))
    return CreditList.of({**part.of(held.credits, "credit_id"), "balance": held.balance})


@router.post("/credits", status_code=HTTPStatus.CREATED, response_model=CreditResponse)
async def grant_credit(
    customer: CustomerHere, asked: CreditCreate, services: ServicesHere, principal: SupportHere, key: KeyHere
) -> GrantedCredit:
    """Grant a credit, which the next invoices use up."""
    return await services.repositories.credits.grant(customer, asked, key, change_by(principal, asked.reason))
