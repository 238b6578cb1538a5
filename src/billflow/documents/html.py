"""An invoice as HTML for e-mail: tables and inline styles, which every reader of mail understands."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape

from billflow.documents.document import InvoiceDocument
from billflow.documents.tables import Column, TableRow
from billflow.models.contracts.documents import Logo

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
        f'<h1 style="font-size:22px">{escape(document.title)}</h1>{_head(document)}{_lines(document)}'
        f"{_totals(document)}{_payment(document)}{_tables(document)}{_footer(document)}</body></html>"
    )


def _head(document: InvoiceDocument) -> str:
    seller = "<br>".join(map(escape, (document.seller.name, *document.seller.lines)))
    logo = _logo(document.seller.logo) if document.seller.logo else ""
    buyer = "<br>".join(map(escape, document.buyer))
    return (
        f'{logo}<p>{seller}</p><p><span style="{_GRAY}">{escape(document.bill_to)}</span><br>{buyer}</p>'
        f'<table role="presentation">{_facts(document.facts)}</table>'
    )


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    return "".join(
        f'<tr><td style="{_GRAY};padding-right:16px">{escape(name)}</td><td>{escape(value)}</td></tr>'
        for name, value in facts
    )


def _logo(logo: Logo) -> str:
    source = f"data:{logo.media_type};base64,{b64encode(logo.content).decode()}"
    return f'<img src="{source}" alt="" style="max-width:200px;max-height:72px">'


def _footer(document: InvoiceDocument) -> str:
    text = "<br>".join(map(escape, (document.seller.footer or "").splitlines()))
    return f'<p style="{_GRAY}">{text}</p>' if text else ""


def _lines(document: InvoiceDocument) -> str:
    if not document.lines:
        return ""
    columns = [Column(name, 0, right=n > 0) for n, name in enumerate(document.columns)]
    return _table(columns, (line.row for line in document.lines))


def _tables(document: InvoiceDocument) -> str:
    return "".join(
        f'<h2 style="font-size:16px">{escape(table.title)}</h2>{_table(table.columns, table.rows)}'
        for table in document.tables
    )


def _table(columns: Sequence[Column], rows: Iterable[TableRow]) -> str:
    head = "".join(
        f'<th style="{_side(column)};{_GRAY}{"" if column.right else ";text-align:left"}">{escape(column.name)}</th>'
        for column in columns
    )
    body = "".join(_row(columns, row) for row in rows)
    return (
        '<table style="width:100%;border-collapse:collapse;margin-top:16px">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _row(columns: Sequence[Column], row: TableRow) -> str:
    small = "<br>".join(map(escape, row.small))
    texts = [escape(text) for text in row.cells]
    if small:
        texts[0] += f'<br><span style="{_GRAY}">{small}</span>'
    weight = ";font-weight:600" if row.bold else ""
    cells = (f'<td style="{_side(column)}{weight}">{text}</td>' for column, text in zip(columns, texts, strict=True))
    return f"<tr>{''.join(cells)}</tr>"


def _side(column: Column) -> str:
    return _RIGHT if column.right else _CELL


def _totals(document: InvoiceDocument) -> str:
    rows = "".join(
        f'<tr><td style="text-align:right;padding:4px 0;width:100%">{escape(name)}</td>'
        f'<td style="text-align:right;padding:4px 0 4px 16px;white-space:nowrap">{escape(amount)}</td></tr>'
        for name, amount in (*document.totals, *document.after_refunds)
    )
    return f'<table role="presentation" style="width:100%;font-weight:600">{rows}</table>'


def _payment(document: InvoiceDocument) -> str:
    note = "".join(f"<p>{escape(text)}</p>" for text in (*document.sentences, document.note) if text)
    if document.bank:
        note += f'<table role="presentation">{_facts(document.bank)}</table>'
    if not (document.pay_here and document.pay_url):
        return note
    return f'{note}<p><a href="{escape(document.pay_url)}">{escape(document.pay_here)}</a></p>'
