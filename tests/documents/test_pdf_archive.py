"""PDF files are PDF/A-3, which archives keep for decades, and hold the e-invoice of what they show."""

from collections.abc import Callable
from functools import cache
from io import BytesIO
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring
from facturx import get_facturx_xml_from_pdf
from pypdf import PdfReader

from billflow.documents.adjustment_document import compose_adjustment
from billflow.documents.document import compose
from billflow.documents.pdf import render_pdf
from billflow.models.contracts.documents import Logo
from tests.documents.samples import ISSUED, SELLER, adjusted, buyer, invoice
from tests.documents.test_adjustment_documents import NOTE
from tests.documents.test_e_invoice import EVERY
from tests.documents.test_logo import png, svg

XML = EVERY["sent in francs"]
PNG = SELLER.model_copy(update={"logo": Logo(media_type="image/png", content=png())})
SVG = SELLER.model_copy(update={"logo": Logo(media_type="image/svg+xml", content=svg("<rect width='9' height='9'/>"))})
NAMES = "מילר山田محمد <&>"

FILES: dict[str, Callable[[], bytes]] = {
    "an invoice": lambda: render_pdf(compose(invoice("EUR"), buyer("de-CH"), PNG), ISSUED, XML),
    "a draft without an e-invoice": lambda: render_pdf(compose(invoice(), buyer("en-US"), SVG), ISSUED),
    "names in other scripts": lambda: render_pdf(compose(invoice(), buyer("fr-FR", NAMES), SELLER), ISSUED, XML),
    "a credit note": lambda: render_pdf(compose_adjustment(NOTE, adjusted(), buyer("it-IT"), SELLER), ISSUED, XML),
}


@cache
def file(name: str) -> bytes:
    """Return a PDF file, which is made once."""
    return FILES[name]()


def catalog(name: str) -> Any:
    """Return the root of a PDF file."""
    return PdfReader(BytesIO(file(name))).trailer["/Root"]


def properties(name: str) -> dict[str, str]:
    """Return the properties of a PDF file by their names in XMP."""
    xmp = catalog(name)["/Metadata"].get_object().get_data()
    return {one.tag.rpartition("}")[2]: (one.text or "").strip() for one in fromstring(xmp.strip()).iter()}


@pytest.mark.parametrize("name", FILES)
def test_a_file_says_that_it_is_for_archives(name: str) -> None:
    said = properties(name)

    assert (said["part"], said["conformance"]) == ("3", "B")
    assert said["CreateDate"] == "2026-03-01T00:00:00+00:00"
    [colours] = catalog(name)["/OutputIntents"]
    assert colours.get_object()["/S"] == "/GTS_PDFA1"
    assert "/DestOutputProfile" in colours.get_object()


@pytest.mark.parametrize("name", FILES)
def test_all_that_a_page_needs_is_in_the_file(name: str) -> None:
    for page in PdfReader(BytesIO(file(name))).pages:
        fonts: Any = page["/Resources"]["/Font"]  # type: ignore[index]
        for font in fonts.values():
            [descendant] = font.get_object()["/DescendantFonts"]
            assert "/FontFile2" in descendant.get_object()["/FontDescriptor"]
            assert "/ToUnicode" in font.get_object()
        for annotation in page.get("/Annots", []):
            assert annotation.get_object()["/F"] & 4, "a link is printed"


def test_the_e_invoice_is_taken_out_of_the_file_as_it_was_put_in() -> None:
    [attached] = catalog("an invoice")["/AF"]

    assert get_facturx_xml_from_pdf(file("an invoice")) == ("factur-x.xml", XML)
    assert attached.get_object()["/AFRelationship"] == "/Alternative"
    said = properties("an invoice")
    assert (said["DocumentFileName"], said["ConformanceLevel"]) == ("factur-x.xml", "EN 16931")
    assert "/AF" not in catalog("a draft without an e-invoice")
    assert "ConformanceLevel" not in properties("a draft without an e-invoice")


def test_the_same_invoice_with_an_e_invoice_gives_the_same_file() -> None:
    shown = compose(invoice(), buyer("it-IT"), SELLER)

    assert render_pdf(shown, ISSUED, XML) == render_pdf(shown, ISSUED, XML)
