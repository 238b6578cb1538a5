"""An invoice as HTML for e-mail: tables and inline styles, which every reader of mail understands."""

from html import escape

from billflow.documents.document import DocumentLine, InvoiceDocument

_FONT = "font-family:-apple-system,'Segoe UI',Helvetica,Arial,sans-serif"
_GRAY = "color:#626a75;font-size:12px"
_CELL = "padding:8px 0;border-bottom:1px solid #d0d5dc;vertical-align:top"
_RIGHT = f"{_CELL};text-align:right;white-space:nowrap;padding-left:16px"


def render_html(document: InvoiceDocument) -> str:
    """Return the invoice as one page; every text in it is escaped."""
    return (
        f'<!DOCTYPE html><html lang="{escape(document.language)}"><head><meta charset="utf-8">'
        f"<title>{escape(f'{document.title} {document.facts[0][1]}')}</title></head>"
        f'<body style="{_FONT};color:#1c2026;max-width:640px;margin:24px auto;padding:0 16px">'
        f'<h1 style="font-size:22px">{escape(document.title)}</h1>{_head(document)}{_table(document)}'
        f"{_totals(document)}{_payment(document)}</body></html>"
    )


def _head(document: InvoiceDocument) -> str:
    seller = "<br>".join(map(escape, (document.seller.name, *document.seller.lines)))
    buyer = "<br>".join(map(escape, document.buyer))
    facts = "".join(
        f'<tr><td style="{_GRAY};padding-right:16px">{escape(name)}</td><td>{escape(value)}</td></tr>'
        for name, value in document.facts
    )
    return (
        f'<p>{seller}</p><p><span style="{_GRAY}">{escape(document.bill_to)}</span><br>{buyer}</p>'
        f'<table role="presentation">{facts}</table>'
    )


def _table(document: InvoiceDocument) -> str:
    first, *others = document.columns
    head = f'<th style="{_CELL};{_GRAY};text-align:left">{escape(first)}</th>' + "".join(
        f'<th style="{_RIGHT};{_GRAY}">{escape(name)}</th>' for name in others
    )
    rows = "".join(map(_row, document.lines))
    return (
        '<table style="width:100%;border-collapse:collapse;margin-top:16px">'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _row(line: DocumentLine) -> str:
    numbers = "".join(f'<td style="{_RIGHT}">{escape(text)}</td>' for text in (line.quantity, line.each, line.amount))
    return (
        f'<tr><td style="{_CELL}">{escape(line.title)}<br><span style="{_GRAY}">{escape(line.period)}<br>'
        f"{escape(line.derivation)}</span></td>{numbers}</tr>"
    )


def _totals(document: InvoiceDocument) -> str:
    rows = "".join(
        f'<tr><td style="text-align:right;padding:4px 0;width:100%">{escape(name)}</td>'
        f'<td style="text-align:right;padding:4px 0 4px 16px;white-space:nowrap">{escape(amount)}</td></tr>'
        for name, amount in document.totals
    )
    return f'<table role="presentation" style="width:100%;font-weight:600">{rows}</table>'


def _payment(document: InvoiceDocument) -> str:
    note = f"<p>{escape(document.note)}</p>" if document.note else ""
    if not (document.pay_here and document.pay_url):
        return note
    return f'{note}<p><a href="{escape(document.pay_url)}">{escape(document.pay_here)}</a></p>'
