"""Calls about how what is billed is taxed."""

from billflow.client.calls import Call, ask, get, plain, write
from billflow.models.contracts.tax_rates import TaxDiff, TaxDocument, TaxResponse

_PATH = "/tax"


def show() -> Call[TaxResponse]:
    """Show how invoices are taxed by the newest version, and all versions."""
    return get(_PATH, TaxResponse)


def apply(tax: TaxDocument, *, reason: str | None = None, key: str | None = None) -> Call[TaxResponse]:
    """Tax so the invoices that are dated from its first day on; those that are made stay as they are."""
    return write("PUT", _PATH, TaxResponse, {**plain(tax), "reason": reason}, key)


def diff(tax: TaxDocument) -> Call[TaxDiff]:
    """Say what this would change, and which plans' next invoice; nothing is written."""
    return ask(f"{_PATH}/diff", TaxDiff, plain(tax))
