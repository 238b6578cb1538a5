"""The properties of a PDF file as PDF/A-3 and Factur-X want them: in XMP."""

from datetime import datetime

from facturx.facturx import FACTURX_FILENAME, FACTURX_LEVEL2xmp, generate_xmp_object
from lxml import etree

from billflow.documents.e_invoice import PROFILE
from billflow.documents.e_invoice_parties import text

E_INVOICE_FILE: str = FACTURX_FILENAME
"""What the XML is called in the PDF file."""

_FACTUR_X = {
    "urn": "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#",
    "documenttype": "INVOICE",
    "xml_filename": E_INVOICE_FILE,
    "version": "1.0",
    "xmp_level": FACTURX_LEVEL2xmp[PROFILE],
}


def xmp(title: str, author: str, made_at: datetime, *, is_e_invoice: bool) -> str:
    """Return the properties as XML; with those of Factur-X where an e-invoice is in the file."""
    said = {
        "pdfa3_flavor": "B",
        "title": text(title),
        "author": text(author),
        "subject": text(title),
        "producer": "fpdf2",
        "creator_tool": "billflow",
        "timestamp": made_at.isoformat(timespec="seconds"),
    }
    written: str = etree.tostring(generate_xmp_object(said | (_FACTUR_X if is_e_invoice else {})), encoding="unicode")
    return written
