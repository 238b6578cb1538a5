"""An invoice as PDF: A4, with fonts in the file, the same bytes for the same invoice."""

from collections.abc import Sequence
from datetime import datetime
from importlib.resources import as_file, files

from fpdf import FPDF
from fpdf.enums import Align, MethodReturnValue, XPos, YPos

from billflow.documents.document import DocumentLine, InvoiceDocument

FONT = "DejaVu"
MARGIN = 18.0
"""Millimetres."""

WIDTHS = (86.0, 20.0, 32.0, 36.0)
"""Millimetres of the columns; together the width between the margins."""

_ROW, _SMALL = 5.4, 4.4
_INK, _FAINT, _RULE = (28, 32, 38), (98, 106, 117), (208, 213, 220)
_ROOM_FOR_TOTALS, _PAGE_WORDS = 40.0, 22.0


def render_pdf(paper: InvoiceDocument, made_at: datetime) -> bytes:
    """Return the invoice as a PDF file; `made_at` is the date in its properties."""
    sheet = _Sheet(paper, made_at)
    sheet.head()
    sheet.lines()
    sheet.totals()
    return bytes(sheet.output())


class _Sheet(FPDF):
    def __init__(self, paper: InvoiceDocument, made_at: datetime) -> None:
        super().__init__(format="A4")
        self.paper = paper
        with as_file(files("billflow.documents").joinpath("fonts")) as folder:
            self.add_font(FONT, "", folder / "DejaVuSans.ttf")
            self.add_font(FONT, "B", folder / "DejaVuSans-Bold.ttf")
        self.set_margin(MARGIN)
        self.c_margin = 0
        self.set_auto_page_break(auto=True, margin=MARGIN + 8)
        self.set_title(f"{paper.title} {paper.facts[0][1]}")
        self.set_author(paper.seller.name)
        self.set_lang(paper.language)
        self.set_creation_date(made_at)
        self.alias_nb_pages("{all}")
        self.add_page()

    def footer(self) -> None:
        """Print the seller and the number of the page."""
        self.set_y(-MARGIN)
        self._pen(7.5, _FAINT)
        self.cell(0, _SMALL, self.paper.seller.name, align=Align.L)
        # The number of pages is put in at the end, and flush right would go by the length of its placeholder.
        self.set_x(self.w - MARGIN - _PAGE_WORDS)
        self.cell(_PAGE_WORDS, _SMALL, self.paper.page_words.replace("{n}", str(self.page_no())))

    def head(self) -> None:
        """Print who bills whom, and the facts of the invoice."""
        paper = self.paper
        self._pen(20, _INK, "B")
        self._text(0, 10, paper.title)
        self._pen(10, _INK, "B")
        self._text(0, _ROW, paper.seller.name)
        self._block(paper.seller.lines)
        self.ln(8)
        top = self.get_y()
        self._pen(8, _FAINT)
        self._text(0, _SMALL, paper.bill_to)
        self._pen(10, _INK)
        for text in paper.buyer:
            self._text(88, _ROW, text)
        bottom = self.get_y()
        self._facts(top)
        self.set_y(max(bottom, self.get_y()) + 10)

    def lines(self) -> None:
        """Print the lines, with the head of the table again on each page."""
        self._columns()
        for line in self.paper.lines:
            if self.will_page_break(self._height(line)):
                self.add_page()
                self._columns()
            self._line(line)

    def totals(self) -> None:
        """Print the sums, what is still to be paid, and how."""
        if self.will_page_break(_ROOM_FOR_TOTALS):
            self.add_page()
        self.ln(3)
        *others, last = self.paper.totals
        for name, amount in others:
            self._sum(name, amount, "")
        self._sum(*last, "B")
        self.ln(8)
        self._pen(9, _INK)
        if self.paper.note:
            self._text(0, _ROW, self.paper.note)
        if self.paper.pay_here and self.paper.pay_url:
            self.set_text_color(26, 86, 190)
            self.cell(0, _ROW, self.paper.pay_here, link=self.paper.pay_url)

    def _text(self, width: float, height: float, text: str, align: Align = Align.L) -> None:
        """Print a text that may take several rows, and go below it."""
        self.multi_cell(width, height, text, align=align, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _pen(self, size: float, color: tuple[int, int, int], style: str = "") -> None:
        self.set_font(FONT, style, size)
        self.set_text_color(*color)

    def _block(self, lines: Sequence[str]) -> None:
        self._pen(9, _FAINT)
        for text in lines:
            self._text(0, _SMALL, text)

    def _facts(self, top: float) -> None:
        self.set_y(top)
        for name, value in self.paper.facts:
            self.set_x(112)
            self._pen(9, _FAINT)
            self.cell(28, _ROW, name)
            self._pen(9, _INK)
            self._text(0, _ROW, value, Align.R)

    def _columns(self) -> None:
        self._pen(8, _FAINT)
        for name, width in zip(self.paper.columns, WIDTHS, strict=True):
            self.cell(width, _ROW, name, align=Align.L if width == WIDTHS[0] else Align.R)
        self.ln(_ROW + 1)
        self._rule()

    def _rule(self) -> None:
        self.set_draw_color(*_RULE)
        self.line(MARGIN, self.get_y(), self.w - MARGIN, self.get_y())
        self.ln(2)

    def _height(self, line: DocumentLine) -> float:
        self._pen(7.5, _FAINT)
        wrapped = self.multi_cell(WIDTHS[0], _SMALL, _small_print(line), dry_run=True, output=MethodReturnValue.HEIGHT)
        assert isinstance(wrapped, float)  # noqa: S101  (what HEIGHT asks for)
        return _ROW + wrapped + 4

    def _line(self, line: DocumentLine) -> None:
        self._pen(9.5, _INK)
        top = self.get_y()
        self.set_x(MARGIN + WIDTHS[0])
        for text, width in zip((line.quantity, line.each, line.amount), WIDTHS[1:], strict=True):
            self.cell(width, _ROW, text, align=Align.R)
        self.set_xy(MARGIN, top)
        self._text(WIDTHS[0], _ROW, line.title)
        self._pen(7.5, _FAINT)
        self._text(WIDTHS[0], _SMALL, _small_print(line))
        self.ln(1.5)
        self._rule()

    def _sum(self, name: str, amount: str, style: str) -> None:
        self._pen(10 if style else 9.5, _INK, style)
        self.set_x(MARGIN + WIDTHS[0])
        self.cell(WIDTHS[1] + WIDTHS[2] - 4, _ROW + 0.8, name, align=Align.R)
        self._text(WIDTHS[3] + 4, _ROW + 0.8, amount, Align.R)


def _small_print(line: DocumentLine) -> str:
    return f"{line.period}\n{line.derivation}"
