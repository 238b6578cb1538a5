"""The tax of an e-invoice, by the categories of EN 16931: one for the whole document."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from billflow.documents.content import DocumentContent
from billflow.domain.tax.policy import TaxCategory
from billflow.models.contracts.tax import TaxRecord

NOT_SUBJECT = "O"
"""The category of what no tax applies to, where the norm wants no VAT numbers."""

_STANDARD, _ZERO, _REVERSE_CHARGE, _EXEMPT = "S", "Z", "AE", "E"


def tax_terms(taxes: Sequence[TaxRecord], content: DocumentContent) -> dict[str, Any]:
    """Return category (BT-118) and rate (BT-119) of all lines, and why nothing is charged, without amounts."""
    applied = next((one for one in taxes if one.category is not TaxCategory.NONE), None)
    if applied is None:
        return {"BT-118": NOT_SUBJECT, "BT-120": "Not subject to VAT", "BT-121": "VATEX-EU-O"}
    if applied.category is TaxCategory.REVERSE_CHARGE:
        why = {"BT-120": content.words.reverse_charge, "BT-121": "VATEX-EU-AE"}
        return {"BT-118": _REVERSE_CHARGE, "BT-119": "0", **why}
    if applied.category is TaxCategory.EXEMPT:
        return {"BT-118": _EXEMPT, "BT-119": "0", "BT-120": applied.exemption or content.words.exempt}
    percent = Decimal(applied.percent)
    return {"BT-118": _STANDARD if percent else _ZERO, "BT-119": f"{percent:f}"}
