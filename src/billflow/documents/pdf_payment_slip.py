"""Drawing a Swiss payment slip: 105 mm at the end of a page, measured as SIX's style guide says."""

from collections.abc import Sequence

from fpdf import FPDF
from fpdf.enums import Align, XPos, YPos

from billflow.documents.swiss_qr_bill import PaymentSlip, Titled
from billflow.documents.typefaces import FONT

HEIGHT = 105.0
"""Millimetres."""

_RECEIPT, _MARGIN = 62.0, 5.0
_CODE, _CROSS, _CROSS_EDGE, _ARM = 46.0, 7.0, 0.6, (3.9, 1.2)
_POINT, _LEADING = 25.4 / 72, 1.2
_CORNER = 3.0

Box = tuple[float, float, float]
"""Left, top and width, in millimetres."""

Sizes = tuple[float, float]
"""Points of a heading, and of what is below it."""


def draw_payment_slip(pdf: FPDF, slip: PaymentSlip) -> None:
    """Draw receipt and payment part at the end of the page, over its margins."""
    top = pdf.h - HEIGHT
    pdf.set_auto_page_break(auto=False)
    pdf.set_text_color(0, 0, 0)
    pdf.set_draw_color(0, 0, 0)
    pdf.set_line_width(0.2)
    pdf.set_dash_pattern(dash=1, gap=1)
    pdf.line(0, top, pdf.w, top)
    pdf.line(_RECEIPT, top, _RECEIPT, pdf.h)
    pdf.set_dash_pattern()
    _text(pdf, (_RECEIPT, top - 4, pdf.w - _RECEIPT - _MARGIN), slip.separate, 6, align=Align.R)
    _receipt(pdf, slip, top)
    _payment_part(pdf, slip, top)


def _receipt(pdf: FPDF, slip: PaymentSlip, top: float) -> None:
    left, width, sizes = _MARGIN, _RECEIPT - 2 * _MARGIN, (6.0, 8.0)
    _text(pdf, (left, top + 5, width), slip.receipt, 11, bold=True)
    below = _titled(pdf, (left, top + 12, width), slip.account, sizes)
    _payable_by(pdf, (left, below, width), slip.payable_by, sizes, 20)
    _titled(pdf, (left, top + 68, 12), slip.currency, sizes)
    _titled(pdf, (left + 12, top + 68, width - 12), slip.amount, sizes)
    _text(pdf, (left, top + 82, width), slip.acceptance_point, 6, bold=True, align=Align.R)


def _payment_part(pdf: FPDF, slip: PaymentSlip, top: float) -> None:
    left, sizes = _RECEIPT + _MARGIN, (8.0, 10.0)
    _text(pdf, (left, top + 5, _CODE), slip.payment_part, 11, bold=True)
    _code(pdf, slip.code, left, top + 17)
    _titled(pdf, (left, top + 68, 16), slip.currency, sizes)
    _titled(pdf, (left + 16, top + 68, _CODE - 11), slip.amount, sizes)
    beside = left + _CODE + _MARGIN
    width, below = pdf.w - _MARGIN - beside, top + 5
    for titled in (slip.account, slip.information):
        below = _titled(pdf, (beside, below, width), titled, sizes)
    _payable_by(pdf, (beside, below, width), slip.payable_by, sizes, 25)


def _code(pdf: FPDF, rows: Sequence[Sequence[bool]], left: float, top: float) -> None:
    """Draw the QR code with the Swiss cross in its middle."""
    side = _CODE / len(rows)
    pdf.set_fill_color(0, 0, 0)
    for y, row in enumerate(rows):
        for x, dark in enumerate(row):
            if dark:
                pdf.rect(left + x * side, top + y * side, side * 1.02, side * 1.02, style="F")
    middle = left + _CODE / 2, top + _CODE / 2
    inner = _CROSS - 2 * _CROSS_EDGE
    for shade, wide, high in ((255, _CROSS, _CROSS), (0, inner, inner), (255, *_ARM), (255, *reversed(_ARM))):
        pdf.set_fill_color(shade, shade, shade)
        pdf.rect(middle[0] - wide / 2, middle[1] - high / 2, wide, high, style="F")


def _payable_by(pdf: FPDF, box: Box, titled: Titled, sizes: Sizes, height: float) -> None:
    """Print who pays, or the corners of a field to write it into."""
    left, _, width = box
    top = _titled(pdf, box, titled, sizes) - sizes[0] * _POINT
    if titled[1]:
        return
    for x, inward in ((left, 1), (left + min(width, 65), -1)):
        for y, down in ((top, 1), (top + height, -1)):
            pdf.line(x, y, x + inward * _CORNER, y)
            pdf.line(x, y, x, y + down * _CORNER)


def _titled(pdf: FPDF, box: Box, titled: Titled, sizes: Sizes) -> float:
    """Print a heading with its lines; return where what is below begins, one line further."""
    left, top, width = box
    heading, lines = titled
    below = _text(pdf, (left, top, width), heading, sizes[0], bold=True)
    if lines:
        below = _text(pdf, (left, below, width), "\n".join(lines), sizes[1])
    return below + sizes[0] * _POINT * _LEADING


def _text(  # noqa: PLR0913  (each is a way to print)
    pdf: FPDF, box: Box, text: str, size: float, *, bold: bool = False, align: Align = Align.L
) -> float:
    left, top, width = box
    pdf.set_font(FONT, "B" if bold else "", size)
    pdf.set_xy(left, top)
    pdf.multi_cell(width, size * _POINT * _LEADING, text, align=align, new_x=XPos.LEFT, new_y=YPos.NEXT)
    return float(pdf.get_y())
