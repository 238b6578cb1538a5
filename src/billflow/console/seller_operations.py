"""Who sells: changed by a form, and printed before that is confirmed."""

from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Response

from billflow.api.routes.invoices import pdf_named
from billflow.console.actions import Preview, preview_of
from billflow.console.forms import FormTerms, fields_of, read_form, written
from billflow.console.operations import Editing, Operation, OperationForm, Values, changed, to
from billflow.console.pages import BASE
from billflow.console.security import PDF_POLICY, ConsoleRoute, FormHere
from billflow.console.visits import AdminVisit, Visit
from billflow.domain.errors import NotFound
from billflow.models.contracts.base import RequestModel
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.documents import Logo, Seller
from billflow.models.contracts.records import InvoiceFilter, Paging
from billflow.models.contracts.seller import SELLER_FILE, SellerDocument, SellerResponse

_LABELS = {
    "street2": "Street, second line",
    "vat_number": "VAT number",
    "email": "E-mail",
    "iban": "IBAN",
    "bic": "BIC",
    "prefix": "Prefix of invoice numbers",
    "per_year": "Numbers begin anew each year",
    "continue_after": "Last number given elsewhere",
    "days_until_due": "Invoices are due after days",
    "purchase_days_until_due": "Purchases are due after days",
    "default_language": "Language of new customers",
    "default_currency": "Currency of new customers",
    "e_invoice": "Put an e-invoice into each invoice",
}
_TERMS = FormTerms("USD", {}, frozenset({"footer"}), _LABELS)
_PARTS = {
    "address": ("street", "street2", "postal_code", "city", "state", "country"),
    "bank": ("account_holder", "iban", "bic", "bank"),
    "numbering": ("prefix", "per_year", "continue_after"),
    "payment_terms": ("days_until_due", "purchase_days_until_due"),
}
"""The fields of a form that are parts of one of the seller's."""

router = APIRouter(route_class=ConsoleRoute, prefix="/operate/seller")


class SellerForm(RequestModel):
    """What invoices say of the seller, and what new customers have; those that are issued stay as they are.

    With a prefix billflow numbers the invoices itself.
    """

    legal_name: str
    street: str
    street2: str | None = None
    postal_code: str | None = None
    city: str
    state: str | None = None
    country: str
    vat_number: str | None = None
    registration_number: str | None = None
    email: str | None = None
    footer: str | None = None
    account_holder: str | None = None
    iban: str | None = None
    bic: str | None = None
    bank: str | None = None
    prefix: str | None = None
    per_year: bool = False
    continue_after: str | None = None
    days_until_due: int | None = None
    purchase_days_until_due: int | None = None
    default_language: str | None = None
    default_currency: str | None = None
    e_invoice: bool = False

    def document(self) -> SellerDocument:
        """Return the seller; raises `InvalidInput`."""
        given = self.model_dump(exclude_none=True)
        nested = {name for names in _PARTS.values() for name in names}
        parts = {part: {name: given[name] for name in names if name in given} for part, names in _PARTS.items()}
        if not self.prefix and not self.continue_after:
            parts["numbering"] = {}
        alone = {name: value for name, value in given.items() if name not in nested}
        return SELLER_FILE.parse({**alone, **{part: held for part, held in parts.items() if held}})


def flat(seller: SellerDocument | SellerResponse) -> dict[str, Any]:
    """Return what a form shows of a seller."""
    held = seller.model_dump(mode="json")
    parts = [(part, name) for part, names in _PARTS.items() for name in names]
    of_parts = {name: (held[part] or {}).get(name) for part, name in parts}
    return {name: of_parts[name] if name in of_parts else held[name] for name in SellerForm.model_fields}


async def _current(visit: Visit, _: str) -> Values:
    held = flat(await visit.services.repositories.sellers.get(visit.org_id))
    return {name: written(value, name, "USD") for name, value in held.items()}


async def _preview(visit: Visit, _: str, asked: SellerForm) -> Preview:
    held = await visit.services.repositories.sellers.get(visit.org_id)
    terms = changed(flat(held) if held.legal_name else {}, flat(asked.document()), _LABELS)
    if not terms:
        return preview_of(["Nothing changes."])
    query = {field.name: field.value for field in fields_of(SellerForm, visit.query, _TERMS) if field.value}
    sample = f"{BASE}/operate/seller/sample?{urlencode(query)}" if await newest_invoice(visit) else ""
    sentence = "Invoices that are issued from now on say so; those that are issued stay as they are."
    return preview_of([sentence], terms=terms, sample=sample)


async def _apply(visit: Visit, _: str, asked: SellerForm, change: ChangeContext) -> Response:
    await visit.services.repositories.sellers.apply(visit.org_id, asked.document(), change)
    return to("/terms")


EDIT_SELLER = Operation(
    "Change the seller",
    "/seller/edit",
    "/terms",
    SellerForm,
    _preview,
    _apply,
    terms=_TERMS,
    editing=Editing(_current, "/api/v1/seller"),
)


@router.get("/edit")
async def show_edit_seller(visit: AdminVisit) -> Response:
    """Show the form of the seller, what it would change, and how that prints."""
    return await OperationForm(visit, EDIT_SELLER, "Catalogue and terms").show()


@router.post("/edit")
async def edit_seller(visit: AdminVisit, sent: FormHere) -> Response:
    """Issue invoices by this seller from now on."""
    return await OperationForm(visit, EDIT_SELLER, "Catalogue and terms").do(sent)


@router.get("/sample")
async def print_sample(visit: AdminVisit) -> Response:
    """Return the newest invoice as this seller's, which the form's page shows inside it."""
    document = read_form(SellerForm, visit.query, _TERMS).document()
    sellers = visit.services.repositories.sellers
    logo = await sellers.logo(visit.org_id) if (await sellers.get(visit.org_id)).logo else None
    return await sample_of(visit, document, logo)


async def sample_of(visit: Visit, document: SellerDocument, logo: Logo | None) -> Response:
    """Return the newest invoice as a seller would issue it; raises `NotFound` before the first."""
    invoice_id = await newest_invoice(visit)
    if invoice_id is None:
        raise NotFound("There is no invoice yet to print.")
    seller = Seller(name=document.legal_name, details=document, logo=logo)
    pdf = await visit.services.documents.pdf_by(visit.org_id, invoice_id, seller)
    response = pdf_named("sample", pdf)
    response.headers["Content-Security-Policy"] = PDF_POLICY
    return response


async def newest_invoice(visit: Visit) -> str | None:
    """Return the id of the organization's newest invoice, None before the first."""
    found = await visit.services.queries.invoices.search(visit.org_id, InvoiceFilter(), Paging(limit=1))
    return found.rows[0].invoice_id if found.rows else None
