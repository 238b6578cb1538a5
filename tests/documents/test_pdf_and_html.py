"""Invoices as files: they hold every text, break over pages, and never block the event loop."""

import asyncio
import re
import zlib
from html.parser import HTMLParser

import pytest

from billflow.documents import pdf
from billflow.documents.document import compose
from billflow.documents.html import render_html
from billflow.documents.pdf import WIDTHS, render_pdf
from tests.documents.samples import ISSUED, SELLER, buyer, invoice
from tests.sizes import further

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


@pytest.mark.parametrize(
    "name",
    [
        "株式会社山田製作所",
        'חברת תוכנה בע"מ',
        *further("北京科技有限公司", "주식회사 한빛소프트", "شركة المستقبل للبرمجيات"),
    ],
    ids=["Japanese", "Hebrew", "Chinese", "Korean", "Arabic"],
)
def test_names_in_other_scripts_are_printed_whole(name: str, caplog: pytest.LogCaptureFixture) -> None:
    seller = SELLER.model_copy(update={"name": name})
    written = streams(render_pdf(compose(invoice(), buyer("en-US", name=f"{name} Müller"), seller), ISSUED))

    assert "missing the following glyphs" not in caplog.text
    assert f"<{ord(name[0]):04X}>".encode() in written


def test_a_sum_is_carried_from_each_page_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    shown, sums = compose(invoice(repeat=34), buyer("de-DE"), SELLER), list[tuple[str, str]]()
    monkeypatch.setattr(pdf._InvoicePdf, "_sum", lambda _, name, amount, _style: sums.append((name, amount)))

    count = pages(render_pdf(shown, ISSUED))

    carried = [amount for name, amount in sums if name == "Übertrag"]
    assert len(shown.lines) == 204
    assert carried[::2] == carried[1::2]
    assert len(carried) == 2 * (count - 1) > 2
    running = [line.running for line in shown.lines]
    ends = [running.index(amount) for amount in carried[::2]]
    assert ends == sorted(ends)
    assert running[-1] == shown.totals[0][1]


def test_a_long_name_takes_as_many_rows_as_it_needs() -> None:
    long = "Vereinigte Donaudampfschifffahrtsgesellschaftskapitänswitwenversicherungsanstalt und Söhne GmbH & Co. KGaA"
    seller = SELLER.model_copy(update={"name": long})
    written = streams(render_pdf(compose(invoice(), buyer("de-DE", name=long), seller), ISSUED))

    assert written.count(b" Tj") > streams(render_pdf(compose(invoice(), buyer("de-DE"), SELLER), ISSUED)).count(b" Tj")


def test_a_name_in_a_script_the_font_lacks_does_not_stop_the_invoice() -> None:
    assert pages(render_pdf(compose(invoice(), buyer("en-US", name="ไทย 🎉"), SELLER), ISSUED)) == 2


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


@pytest.mark.full
async def test_drawing_in_a_thread_leaves_the_loop_to_others() -> None:
    shown = compose(invoice(repeat=20), buyer("de-DE"), SELLER)
    drawing = asyncio.create_task(asyncio.to_thread(render_pdf, shown, ISSUED))

    turns = 0
    while not drawing.done():
        await asyncio.sleep(0)
        turns += 1

    assert turns > 10
    assert pages(drawing.result()) > 8
