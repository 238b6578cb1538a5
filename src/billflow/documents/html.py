"""An invoice as HTML for e-mail: tables and inline styles, which every reader of mail understands."""

from html import escape

from billflow.documents.document import DocumentLine, InvoiceDocument

_FONT = "font-family:-apple-system,'Segoe UI',Helvetica,Arial,sans-serif"
_FAINT = "color:#626a75;font-size:12px"
_CELL = "padding:8px 0;border-bottom:1px solid #d0d5dc;vertical-align:top"
_RIGHT = f"{_CELL};text-align:right;white-space:nowrap;padding-left:16px"


def render_html(paper: InvoiceDocument) -> str:
    """Return the invoice as one page; every text in it is escaped."""
    return (
        f'<!DOCTYPE html><html lang="{escape(paper.language)}"><head><meta charset="utf-8">'
        f"<title>{escape(f'{paper.title} {paper.facts[0][1]}')}</title></head>"
        f'<body style="{_FONT};color:#1c2026;max-width:640px;margin:24px auto;padding:0 16px">'
        f'<h1 style="font-size:22px">{escape(paper.title)}</h1>{_head(paper)}{_table(paper)}{_totals(paper)}'
        f"{_payment(paper)}</body></html>"
    )


def _head(paper: InvoiceDocument) -> str:
    seller = "<br>".join(map(escape, (paper.seller.name, *paper.seller.lines)))
    buyer = "<br>".join(map(escape, paper.buyer))
    facts = "".join(
        f'<tr><td style="{_FAINT};padding-right:16px">{escape(name)}</td><td>{escape(value)}</td></tr>'
        for name, value in paper.facts
    )
    return (
        f'<p>{seller}</p><p><span style="{_FAINT}">{escape(paper.bill_to)}</span><br>{buyer}</p>'
        f'<table role="presentation">{facts}</table>'
    )


def _table(paper: InvoiceDocument) -> str:
    first, *others = paper.columns
    head = f'<th style="{_CELL};{_FAINT};text-align:left">{escape(first)}</th>' + "".join(
        f'<th style="{_RIGHT};{_FAINT}">{escape(name)}</th>' for name in others
    )
    rows = "".join(map(_row, paper.lines))
    return (
        '<table style="width:100%;border-collapse:collapse;margin-top:16px">'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _row(line: DocumentLine) -> str:
    numbers = "".join(f'<td style="{_RIGHT}">{escape(text)}</td>' for text in (line.quantity, line.each, line.amount))
    return (
        f'<tr><td style="{_CELL}">{escape(line.title)}<br><span style="{_FAINT}">{escape(line.period)}<br>'
        f"{escape(line.derivation)}</span></td>{numbers}</tr>"
    )


def _totals(paper: InvoiceDocument) -> str:
    rows = "".join(
        f'<tr><td style="text-align:right;padding:4px 0;width:100%">{escape(name)}</td>'
        f'<td style="text-align:right;padding:4px 0 4px 16px;white-space:nowrap">{escape(amount)}</td></tr>'
        for name, amount in paper.totals
    )
    return f'<table role="presentation" style="width:100%;font-weight:600">{rows}</table>'


def _payment(paper: InvoiceDocument) -> str:
    note = f"<p>{escape(paper.note)}</p>" if paper.note else ""
    if not (paper.pay_here and paper.pay_url):
        return note
    return f'{note}<p><a href="{escape(paper.pay_url)}">{escape(paper.pay_here)}</a></p>'
