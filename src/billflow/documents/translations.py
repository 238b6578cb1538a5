"""The words on an invoice in each language; texts in braces are filled in."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from billflow.domain.invoicing.draft import LineKind
from billflow.models.contracts.invoices import InvoiceStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Translations:
    """What an invoice says in one language."""

    invoice: str
    draft: str
    number: str
    issued: str
    supplied: str
    due: str
    status: str
    replaces: str
    replaced_by: str
    bill_to: str
    vat_number: str
    tax_id: str
    customer_number: str
    account_holder: str
    bank: str
    transfer_reference: str
    scan: str
    carried: str
    brought: str
    what: str
    quantity: str
    each: str
    amount: str
    total: str
    net: str
    gross: str
    rate: str
    tax: str
    tax_on: str
    tax_contained: str
    reverse_charge: str
    exempt: str
    credit: str
    void: str
    write_off: str
    paid: str
    open: str
    refunded: str
    net_paid: str
    adjustments: str
    document: str
    reason: str
    credited: str
    credit_note: str
    refund: str
    refund_receipt: str
    failed: str
    off_amount_due: str
    reference: str
    statement: str
    period: str
    opening_balance: str
    closing_balance: str
    charges: str
    credits_and_payments: str
    balance: str
    payment: str
    credit_on_account: str
    still_due: str
    made_of: str
    page: str
    pay_here: str
    charged: str
    transfer: str
    how: str
    days: str
    share: str
    rounded_half_up: str
    rounded_up: str
    rounded_down: str
    months: str
    less: str
    capped: str
    percent_of: str
    below_list: str
    instalment: str
    statuses: Mapping[InvoiceStatus, str]
    titles: Mapping[LineKind, str]
    reasons: Mapping[str, str]


_TEXT = files("billflow.documents").joinpath("translations.toml").read_text(encoding="utf-8")
LANGUAGES = {language: Translations(**table) for language, table in tomllib.loads(_TEXT).items()}
FALLBACK = "en"


def words_in(language: str) -> Translations:
    """Return the words of a language by its ISO 639 code, English where we have none."""
    return LANGUAGES.get(language, LANGUAGES[FALLBACK])
