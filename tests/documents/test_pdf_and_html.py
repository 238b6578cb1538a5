"""Invoices as files: they hold every text, break over pages, and never block the event loop."""

import asyncio
import re
import zlib
from html.parser import HTMLParser

import pytest

from billflow.documents.document import compose
from billflow.documents.html import render_html
from billflow.documents.pdf import WIDTHS, render_pdf
from tests.documents.samples import ISSUED, SELLER, buyer, invoice

PAGE_WIDTH = 210 - 2 * 18


def pages(pdf: bytes) -> int:
    """Return the number of pages of a PDF file."""
    return len(re.findall(rb"/Type /Page\b(?!s)", pdf))


def streams(pdf: bytes) -> bytes:
    """Return the unpacked streams of a PDF file."""
    found = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    unpacked = []
    for part in found:
        try:
            unpacked.append(zlib.decompress(part))
        except zlib.error:
            unpacked.append(part)
    return b"".join(unpacked)


@pytest.mark.parametrize("language", ["en-US", "de-CH", "fr-FR", "it-IT"])
def test_a_pdf_is_made_in_every_language(language: str) -> None:
    pdf = render_pdf(compose(invoice(), buyer(language), SELLER), ISSUED)

    assert pdf.startswith(b"%PDF-")
    assert pages(pdf) == 2
    assert b"/FontFile2" in pdf
    assert f"/Lang ({language})".encode() in pdf


def test_long_invoices_go_on_over_pages_under_the_same_head() -> None:
    shown = compose(invoice(repeat=20), buyer("de-DE"), SELLER)

    assert len(shown.lines) == 120
    assert pages(render_pdf(shown, ISSUED)) > 8


def test_the_same_invoice_gives_the_same_file() -> None:
    shown = compose(invoice(), buyer("it-IT"), SELLER)

    assert render_pdf(shown, ISSUED) == render_pdf(shown, ISSUED)


def test_letters_beyond_latin_1_are_in_the_file() -> None:
    shown = compose(invoice(), buyer("en-US", name="Żółć Škoda Ελλάς Москва €"), SELLER)

    written = streams(render_pdf(shown, ISSUED))

    for mail in "ŻŠΕМ€":
        assert f"<{ord(mail):04X}>".encode() in written, mail


def test_a_name_in_a_script_the_font_lacks_does_not_stop_the_invoice() -> None:
    assert pages(render_pdf(compose(invoice(), buyer("en-US", name="株式会社 🎉"), SELLER), ISSUED)) == 2


def test_the_columns_fill_the_page() -> None:
    assert sum(WIDTHS) == PAGE_WIDTH


class Texts(HTMLParser):
    """Gathers the texts and links of a page, and checks that what opens is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.links: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember what opens."""
        if tag not in ("br", "meta"):
            self.open.append(tag)
        self.links += [value for name, value in attrs if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        """Check what closes."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Gather a text."""
        self.texts.append(data)


def test_the_html_holds_every_text_escaped_and_the_link_to_pay() -> None:
    shown = compose(invoice(), buyer("de-DE", name="<script>alert(1)</script>"), SELLER)

    page = render_html(shown)
    read = Texts()
    read.feed(page)

    assert "<script>" not in page
    assert read.open == []
    for text in (*shown.buyer, *shown.seller.lines, *(line.derivation for line in shown.lines), shown.totals[-1][1]):
        assert text in read.texts
    assert read.links == ["https://pay.example/i/1?a=1&b=2"]


async def test_drawing_in_a_thread_leaves_the_loop_to_others() -> None:
    shown = compose(invoice(repeat=20), buyer("de-DE"), SELLER)
    drawing = asyncio.create_task(asyncio.to_thread(render_pdf, shown, ISSUED))

    turns = 0
    while not drawing.done():
        await asyncio.sleep(0)
        turns += 1

    assert turns > 10
    assert pages(drawing.result()) > 8
