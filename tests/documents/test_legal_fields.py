"""Each field that the table of what the law wants names is on the documents that customers get."""

import re
from io import BytesIO

import pytest
from pypdf import PdfReader

from billflow.documents.adjustment_document import compose_adjustment
from billflow.documents.document import compose
from billflow.documents.html import render_html
from billflow.documents.pdf import render_pdf
from billflow.models.contracts.customers import Buyer
from tests.documents.samples import ISSUED, SELLER, customer
from tests.documents.taxed import AT_19, REVERSED, credited, taxed
from tests.documents.test_adjustment_documents import NOTE
from tests.sizes import further
from tests.source import ROOT

COMPANY = {"company": {"legal_name": "Käufer AG", "tax_id": "FR83404833048"}}
BUYER = Buyer.of(customer("en-US").model_copy(update={"settings": COMPANY}))
INVOICE, REVERSED_INVOICE = taxed(AT_19), taxed(REVERSED)
CREDIT_NOTE = credited(NOTE, INVOICE, 11_900)
DOCUMENTS = (
    compose(INVOICE, BUYER, SELLER),
    compose(REVERSED_INVOICE, BUYER, SELLER),
    compose_adjustment(CREDIT_NOTE, INVOICE, BUYER, SELLER),
)
PRINTED: dict[str, tuple[str, ...]] = {
    "seller.legal_name": ("Übersee Software AG",),
    "seller.address": ("Rämistrasse 7", "8001 Zürich", "Switzerland"),
    "seller.vat_number": ("CHE-107.787.577 MWST",),
    "seller.registration_number": ("Handelsregister des Kantons Zürich",),
    "seller.footer": ("Verwaltungsrat: Erika Mustermann",),
    "seller.bank": ("CH93 0076 2011 6238 5295 7", "POFICHBEXXX", "PostFinance"),
    "customer.company.legal_name": ("Käufer AG",),
    "customer.billing_address": ("Königstraße 1", "10115 Berlin", "Germany"),
    "customer.company.tax_id": ("VAT number FR83404833048",),
    "invoice.issued_at": ("March 1, 2026",),
    "invoice.number": ("ACME-0042",),
    "invoice.supply_period": ("Supply period", "Mar 1, 2026 – Mar 31, 2026"),
    "invoice.due_at": ("March 31, 2026", "Please pay by March 31, 2026."),
    "invoice.currency": ("€",),
    "invoice.total": ("€15,090.96",),
    "line.description": ("Cloud Standard, renewal",),
    "line.quantity": ("1,200",),
    "line.period": ("Mar 16, 2026 – Mar 31, 2026",),
    "line.unit_amount": ("€10.50",),
    "line.discount": ("New customer discount", "the price is 12.5% below list price"),
    "taxes.base": ("€12,681.48",),
    "taxes.percent": ("VAT 19% on €12,681.48",),
    "taxes.tax": ("€2,409.48",),
    "taxes.sentence": ("Reverse charge: VAT is to be accounted for by the recipient of the service",),
    "credit_note.number": ("CN-000007",),
    "credit_note.invoice": ("ACME-0042",),
}


def named() -> set[str]:
    """Return the fields that the table names."""
    section = (ROOT / "docs" / "documents.md").read_text("utf-8").split("## What the law wants")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return {field for row in rows for field in re.findall(r"`([\w.]+)`", row)}


def plain(text: str) -> str:
    """Return a text with one blank for any, as files break lines where they like."""
    return re.sub(r"\s+", " ", text)


def test_the_table_names_what_is_looked_for_and_nothing_else() -> None:
    assert named() == set(PRINTED)


@pytest.mark.parametrize("form", ["PDF", *further("HTML")])
def test_each_field_is_on_the_documents(form: str) -> None:
    if form == "HTML":
        found = plain(" ".join(map(render_html, DOCUMENTS)))
    else:
        files = (PdfReader(BytesIO(render_pdf(document, ISSUED))) for document in DOCUMENTS)
        found = plain(" ".join(page.extract_text() for file in files for page in file.pages))

    missing = {field: text for field, texts in PRINTED.items() for text in texts if plain(text) not in found}

    assert missing == {}
