"""Who is there and for whom: a session of one customer, its seller, and what the customer may do by itself."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, TypeVar, cast

from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse

from billflow.api.problems import headers_of
from billflow.api.services import Services, services_of
from billflow.domain.errors import BillingError, NotFound
from billflow.errors import Forbidden, kind_of
from billflow.models.contracts.access import Mode
from billflow.models.contracts.customers import ChangeContext, CustomerRecord, CustomerRef
from billflow.models.contracts.documents import Seller
from billflow.models.contracts.offers import OfferRecord
from billflow.models.contracts.portal import PortalSession, PortalSettings
from billflow.models.contracts.records import InvoiceDetail, PlanRecord
from billflow.models.contracts.steps import PlanRef
from billflow.portal.pages import asking, base_of, page
from billflow.portal.texts import Reader, reader_of

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class PortalVisit:
    """A request within a session, and what answers it; things of another customer are not found."""

    request: Request
    services: Services
    session: PortalSession
    customer: CustomerRecord
    seller: Seller
    may: PortalSettings
    reader: Reader
    mode: Mode

    @property
    def ref(self) -> CustomerRef:
        """Return whose session it is."""
        return self.session.customer

    @property
    def in_frame(self) -> bool:
        """Tell whether a page of somebody else's is around those of the visit."""
        return self.session.origin is not None

    @property
    def base(self) -> str:
        """Return what the addresses of its pages begin with."""
        return base_of(self.ref.org_id if self.in_frame else None)

    @property
    def query(self) -> dict[str, str]:
        """Return what a form that changes nothing asks for."""
        return dict(self.request.query_params)

    def change(self) -> ChangeContext:
        """Return a change that the customer makes now."""
        request_id = self.request.state.request_id
        return ChangeContext(actor=self.session.actor, at=datetime.now(UTC), request_id=request_id)

    def check(self, ability: str) -> None:
        """Raise `Forbidden` where the organization has switched an ability off."""
        if not getattr(self.may, ability):
            message = "The portal does not let customers do this; let support do it."
            raise Forbidden(message, code="portal_switched_off")

    async def plan(self, plan_id: str) -> PlanRecord:
        """Return one of the customer's plans; raises `NotFound`."""
        plan = await self.services.queries.plans.get(PlanRef(org_id=self.ref.org_id, plan_id=plan_id))
        return _of_customer(plan, plan.customer_id, self.ref)

    async def invoice(self, invoice_id: str) -> InvoiceDetail:
        """Return one of the customer's invoices; raises `NotFound`."""
        invoice = await self.services.queries.invoices.get(self.ref.org_id, invoice_id)
        return _of_customer(invoice, invoice.customer_id, self.ref)

    async def offer(self, offer_id: str) -> OfferRecord:
        """Return one of the offers to the customer; raises `NotFound`."""
        offer = await self.services.repositories.offers.get(self.ref.org_id, offer_id, datetime.now(UTC))
        return _of_customer(offer, offer.customer_id, self.ref)

    def page(self, template: str, *, status: int = 200, **context: Any) -> Response:
        """Return a page; *context* is what its template shows."""
        around = {"base": self.base, "in_frame": self.in_frame}
        return page(template, self.reader, visit=self, status=status, seller=self.seller, **around, **context)

    def redirect(self, path: str) -> Response:
        """Return the way to another page of the visit."""
        return RedirectResponse(f"{self.base}{path}", HTTPStatus.SEE_OTHER)


def _of_customer(thing: Thing, customer_id: str, ref: CustomerRef) -> Thing:
    if customer_id != ref.customer_id:
        raise NotFound("There is no such thing of this customer.")
    return thing


async def begin_visit(request: Request, session: PortalSession) -> PortalVisit:
    """Return a visit with all that most pages take; raises `NotFound` for a customer that is gone."""
    services, org_id = services_of(request), session.org_id
    customer = await services.queries.customers.get(org_id, session.customer_id)
    visit = PortalVisit(
        request=request,
        services=services,
        session=session,
        customer=customer,
        seller=await services.repositories.sellers.printed(org_id, None, is_issued=False),
        may=await services.repositories.portal_settings.get(org_id),
        reader=reader_of(customer.default_language),
        mode=request.app.state.mode,
    )
    request.state.portal_visit = visit
    return visit


def refused(request: Request, problem: BillingError) -> Response:
    """Return the page that says why something was not done, to a customer or to whoever has no session."""
    status = kind_of(type(problem)).http_status or 500
    visit: PortalVisit | None = getattr(request.state, "portal_visit", None)
    show = visit.page if visit else partial(page, reader=asking(request))
    answer: Response = show("refused.html", status=status, problem=problem)
    answer.headers.update(headers_of(problem))
    return answer


async def _visit(request: Request) -> PortalVisit:
    return cast("PortalVisit", request.state.portal_visit)


VisitHere = Annotated[PortalVisit, Depends(_visit)]
"""The visit that a request is a part of."""
