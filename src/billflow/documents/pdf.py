"""An invoice as PDF/A-3: A4, with fonts and the e-invoice in the file, the same bytes for the same invoice."""

import io
from collections.abc import Callable, Sequence
from datetime import datetime

from fpdf import FPDF
from fpdf.enums import Align, DocumentCompliance, MethodReturnValue, XPos, YPos
from fpdf.image_parsing import preload_image

from billflow.documents.document import InvoiceDocument
from billflow.documents.metadata import E_INVOICE_FILE, xmp
from billflow.documents.pdf_payment_slip import HEIGHT as HEIGHT_OF_SLIP
from billflow.documents.pdf_payment_slip import draw_payment_slip
from billflow.documents.tables import Column, TableRow, fitting_size
from billflow.documents.typefaces import FONT, add_typefaces
from billflow.models.contracts.documents import Logo

MARGIN = 18.0
"""Millimetres."""

WIDTHS = (86.0, 20.0, 32.0, 36.0)
"""Millimetres of the columns; together the width between the margins."""

WIDTHS_WITH_TAX = (47.0, 14.0, 23.0, 26.0, 16.0, 22.0, 26.0)
"""Those where lines have columns for a tax."""

_ROW, _SMALL = 5.4, 4.4
_TEXT, _GRAY, _RULE = (28, 32, 38), (98, 106, 117), (208, 213, 220)
_SUM = _ROW + 0.8
_CODE = 32.0
_LOGO, _BESIDE_LOGO = (60.0, 20.0), 108.0
_HEIGHT_OF_TITLE, _HEIGHT_OF_NOTE, _PAGE_WORDS, _GAP = 26.0, 19.0, 22.0, 2.0


def render_pdf(document: InvoiceDocument, made_at: datetime, e_invoice: bytes | None = None) -> bytes:
    """Return the invoice as a PDF file; `made_at` is the date in its properties, `e_invoice` the XML within it."""
    pdf = _InvoicePdf(document, made_at)
    pdf.describe(made_at, e_invoice)
    pdf.head()
    if document.lines:
        pdf.lines()
        pdf.totals()
    pdf.tables()
    pdf.ending()
    return bytes(pdf.output())


class _InvoicePdf(FPDF):
    def __init__(self, document: InvoiceDocument, made_at: datetime) -> None:
        super().__init__(format="A4", enforce_compliance=DocumentCompliance.PDFA_3B)
        self.document = document
        self._running: str | None = None
        self._ends_with_slip = False
        self._mixed = add_typefaces(self, str(document))
        self.set_margin(MARGIN)
        self.c_margin = 0
        self.set_auto_page_break(auto=True, margin=MARGIN + 8)
        self.set_lang(document.language)
        self.set_creation_date(made_at)
        self.alias_nb_pages("{all}")
        self.add_page()

    def describe(self, made_at: datetime, e_invoice: bytes | None) -> None:
        """Say in the properties of the file what it is, and put the e-invoice into it."""
        title, author = f"{self.document.title} {self.document.facts[0][1]}", self.document.seller.name
        self.set_xmp_metadata(xmp(title, author, made_at, is_e_invoice=e_invoice is not None))
        if e_invoice is not None:
            self.embed_file(
                bytes=e_invoice,
                basename=E_INVOICE_FILE,
                desc="Factur-X",
                mime_type="text/xml",
                modification_date=made_at,
                associated_file_relationship="Alternative",
                compress=True,
            )

    def footer(self) -> None:
        """Print the number of the document, and of the page, unless a payment slip takes their place."""
        if self._ends_with_slip:
            return
        self.set_y(-MARGIN)
        self._style(7.5, _GRAY)
        self.cell(0, _SMALL, f"{self.document.title} {self.document.facts[0][1]}", align=Align.L)
        # The number of pages is put in at the end, and flush right would go by the length of its placeholder.
        self.set_x(self.w - MARGIN - _PAGE_WORDS)
        self.cell(_PAGE_WORDS, _SMALL, self.document.page_words.replace("{n}", str(self.page_no())))

    def head(self) -> None:
        """Print who bills whom, and the facts of the invoice."""
        document = self.document
        if document.seller.logo:
            self._logo(document.seller.logo)
        self._style(20, _TEXT, "B")
        self._text(_BESIDE_LOGO, 10, document.title)
        self._style(10, _TEXT, "B")
        self._text(_BESIDE_LOGO, _ROW, document.seller.name)
        self._block(document.seller.lines)
        self.ln(8)
        top = self.get_y()
        self._style(8, _GRAY)
        self._text(0, _SMALL, document.bill_to)
        self._style(10, _TEXT)
        for text in document.buyer:
            self._text(88, _ROW, text)
        bottom = self.get_y()
        self._facts(top)
        self.set_y(max(bottom, self.get_y()) + 10)

    def lines(self) -> None:
        """Print the lines, with the head of the table again on each page."""
        names = self.document.columns
        widths, size = (WIDTHS, 9.5) if len(names) == len(WIDTHS) else (WIDTHS_WITH_TAX, 8.0)
        columns = [Column(name, width, right=n > 0) for n, (name, width) in enumerate(zip(names, widths, strict=True))]
        self._rows(columns, [line.row for line in self.document.lines], size)

    def tables(self) -> None:
        """Print what comes after the totals, each table under its title."""
        for table in self.document.tables:
            self.ln(8)
            if self.will_page_break(_HEIGHT_OF_TITLE):
                self.add_page()
            self._style(10, _TEXT, "B")
            self._text(0, _ROW + 2, table.title)
            self._rows(table.columns, table.rows, 8.5)

    def _rows(self, columns: Sequence[Column], rows: Sequence[TableRow], size: float) -> None:
        self._columns(columns)
        self._style(size, _TEXT, "B" if any(row.bold for row in rows) else "")
        size = fitting_size(size, columns, rows, _GAP, self.get_string_width)
        for row in rows:
            # What is carried to the next page has room below each row.
            if self.will_page_break(self._height(columns, row, size) + (_SUM if row.running else 0)):
                self._carry(lambda: self._columns(columns))
            self._row(columns, row, size)
            self._running = row.running

    def _carry(self, begin: Callable[[], None]) -> None:
        """Go on on a new page, with the sum of the rows so far on both."""
        ends, begins = self.document.carried
        if self._running:
            self._sum(ends, self._running, "")
        self.add_page()
        begin()
        if self._running:
            self._sum(begins, self._running, "")
            self.ln(2)

    def totals(self) -> None:
        """Print the sums, what is still to be paid, and how."""
        document = self.document
        sums = len(document.totals) + len(document.after_refunds)
        note = max(len(document.bank) * _ROW, _CODE if document.transfer_code else 0)
        note += _HEIGHT_OF_NOTE * (bool(document.note) + len(document.sentences))
        if self.will_page_break(3 + sums * _SUM + note):
            self._carry(self._rule)
        self._running = None
        self.ln(3)
        *others, last = document.totals
        for name, amount in others:
            self._sum(name, amount, "")
        self._sum(*last, "B")
        for name, amount in document.after_refunds:
            self._sum(name, amount, "")
        self._payment()

    def ending(self) -> None:
        """Print what the seller ends its documents with."""
        if self.document.seller.footer:
            self.ln(8)
            self._block(self.document.seller.footer.splitlines())
        if self.document.payment_slip:
            if self.get_y() > self.h - HEIGHT_OF_SLIP - MARGIN:
                self.add_page()
            self._ends_with_slip = True
            draw_payment_slip(self, self.document.payment_slip)

    def _payment(self) -> None:
        document = self.document
        self._style(9, _TEXT)
        for sentence in document.sentences:
            self.ln(4)
            self._text(0, _ROW, sentence)
        if document.note:
            self.ln(8)
            self._text(0, _ROW, document.note)
        if document.transfer_code:
            self._code(document.transfer_code)
        for name, value in document.bank:
            self._style(9, _GRAY)
            self.cell(38, _ROW, name)
            self._style(9, _TEXT)
            self._text(0, _ROW, value)
        if document.pay_here and document.pay_url:
            self.set_text_color(26, 86, 190)
            self.cell(0, _ROW, document.pay_here, link=document.pay_url, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _code(self, rows: Sequence[Sequence[bool]]) -> None:
        """Draw a QR code at the right of what follows, and below it what it is for."""
        left, top, side = self.w - MARGIN - _CODE, self.get_y(), _CODE / len(rows)
        self.set_fill_color(0, 0, 0)
        whole = side * 1.02  # without seams between modules
        for y, row in enumerate(rows):
            for x, dark in enumerate(row):
                if dark:
                    self.rect(left + x * side, top + y * side, whole, whole, style="F")
        self.set_xy(left, top + _CODE + 1)
        self._style(7.5, _GRAY)
        self._text(_CODE, _SMALL, self.document.scan, Align.C)
        self.set_y(top)

    def _logo(self, logo: Logo) -> None:
        """Draw a logo in the right upper corner, as large as its place allows."""
        _, _, info = preload_image(self.image_cache, io.BytesIO(logo.content))
        wide, high = float(str(info["w"])), float(str(info["h"]))
        share = min(_LOGO[0] / wide, _LOGO[1] / high)
        self.image(io.BytesIO(logo.content), self.w - MARGIN - wide * share, MARGIN, wide * share, high * share)

    def _text(self, width: float, height: float, text: str, align: Align = Align.L) -> None:
        """Print a text that may take several rows, and go below it."""
        self.multi_cell(width, height, text, align=align, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        if self._mixed:
            # The library goes on in the font of the last letter, and takes the one that it is asked for as set already.
            self.font_family = ""
            self.set_font(FONT, self.font_style, self.font_size_pt)

    def _style(self, size: float, color: tuple[int, int, int], style: str = "") -> None:
        self.set_font(FONT, style, size)
        self.set_text_color(*color)

    def _block(self, lines: Sequence[str]) -> None:
        self._style(9, _GRAY)
        for text in lines:
            self._text(0, _SMALL, text)

    def _facts(self, top: float) -> None:
        self.set_y(top)
        for name, value in self.document.facts:
            self.set_x(112)
            self._style(9, _GRAY)
            self.cell(28, _ROW, name)
            self._style(9, _TEXT)
            self._text(0, _ROW, value, Align.R)

    def _columns(self, columns: Sequence[Column]) -> None:
        self._style(8, _GRAY)
        for column in columns:
            self.cell(column.width, _ROW, column.name, align=_aligned(column))
        self.ln(_ROW + 1)
        self._rule()

    def _rule(self) -> None:
        self.set_draw_color(*_RULE)
        self.line(MARGIN, self.get_y(), self.w - MARGIN, self.get_y())
        self.ln(2)

    def _height(self, columns: Sequence[Column], row: TableRow, size: float) -> float:
        self._style(size, _TEXT, "B" if row.bold else "")
        cells = [self._wrapped(column, _ROW, text) for column, text in zip(columns, row.cells, strict=True)]
        self._style(7.5, _GRAY)
        small = self._wrapped(columns[0], _SMALL, "\n".join(row.small)) if row.small else 0
        return max(cells[0] + small, *cells) + 4

    def _wrapped(self, column: Column, height: float, text: str) -> float:
        found = self.multi_cell(column.width - _GAP, height, text or " ", dry_run=True, output=MethodReturnValue.HEIGHT)
        assert isinstance(found, float)  # noqa: S101  (what HEIGHT asks for)
        return found

    def _row(self, columns: Sequence[Column], row: TableRow, size: float) -> None:
        top, left, bottoms = self.get_y(), MARGIN, list[float]()
        for n, (column, text) in enumerate(zip(columns, row.cells, strict=True)):
            self._style(size, _TEXT, "B" if row.bold else "")
            indent = _GAP if column.right else 0
            self.set_xy(left + indent, top)
            self._text(column.width - _GAP, _ROW, text, _aligned(column))
            if n == 0 and row.small:
                self._style(7.5, _GRAY)
                self._text(column.width - _GAP, _SMALL, "\n".join(row.small))
            bottoms.append(self.get_y())
            left += column.width
        self.set_y(max(bottoms))
        self.ln(1.5)
        self._rule()

    def _sum(self, name: str, amount: str, style: str) -> None:
        self._style(10 if style else 9.5, _TEXT, style)
        self.set_x(MARGIN + WIDTHS[0])
        self.cell(WIDTHS[1] + WIDTHS[2] - 4, _SUM, name, align=Align.R)
        self._text(WIDTHS[3] + 4, _SUM, amount, Align.R)


def _aligned(column: Column) -> Align:
    return Align.R if column.right else Align.L
