"""The frame of all pages; every value that is shown goes through `text`."""

from collections.abc import Iterable, Sequence
from html import escape

from starlette.responses import HTMLResponse

from stripe_emulator.engine.money import DECIMALS

STYLE = """body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1a1f36}
table{border-collapse:collapse;width:100%;margin:.5rem 0 2rem}th,td{text-align:left;padding:.3rem .6rem;
border-bottom:1px solid #e3e8ee}th{font-weight:600;color:#697386}h1{font-size:1.4rem}h2{font-size:1.1rem}
button{padding:.4rem 1rem}.note{color:#697386}.bad{color:#b3093c}td.amount{text-align:right}"""
CARDS = (
    "pm_card_visa",
    "pm_card_mastercard",
    "pm_card_amex",
    "pm_card_chargeCustomerFail",
    "pm_card_visa_chargeDeclined",
    "pm_card_authenticationRequired",
)


def text(value: object) -> str:
    """Return a value safe to put into a page."""
    return escape("" if value is None else str(value))


def money(amount: int, currency: str) -> str:
    """Return an amount of minor units the way people read it."""
    places = DECIMALS[currency]
    sign, digits = ("-" if amount < 0 else ""), str(abs(amount)).rjust(places + 1, "0")
    whole, fraction = (digits[:-places], f".{digits[-places:]}") if places else (digits, "")
    return f"{sign}{int(whole):,}{fraction} {currency.upper()}"


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table of values."""
    head = "".join(f"<th>{text(heading)}</th>" for heading in headings)
    body = "".join("<tr>" + "".join(f"<td>{text(value)}</td>" for value in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def card_form(action: str, label: str) -> str:
    """Return a form that chooses a test card."""
    choices = "".join(f'<option value="{card}">{card}</option>' for card in CARDS)
    return (
        f'<form method="post" action="{text(action)}"><label>Card <select name="payment_method">{choices}</select>'
        f"</label> <button>{text(label)}</button></form>"
    )


def page(title: str, body: str, status: int = 200) -> HTMLResponse:
    """Return a whole page."""
    document = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{text(title)}</title>'
        f"<style>{STYLE}</style></head><body><h1>{text(title)}</h1>{body}</body></html>"
    )
    return HTMLResponse(document, status_code=status)
