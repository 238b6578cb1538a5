"""Stripe Tax: tell Stripe where a customer is, and read what it computed for each line (rules 37.5)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

import stripe
import structlog

from billflow.domain.invoicing.stripe_tax import ComputedTax
from billflow.domain.tax.amounts import AppliedTax
from billflow.domain.tax.policy import TaxCategory
from billflow.models.contracts.addresses import Address
from billflow.models.contracts.tax_locations import TAX_ID_TYPES, TaxLocation
from billflow.payments import keys
from billflow.payments.amounts import from_stripe
from billflow.payments.calls import ask, ask_all
from billflow.payments.lookup import PAGE
from billflow.payments.texts import fitted
from billflow.ports.payments import PaymentsRejected

_CATEGORIES = {
    "customer_exempt": TaxCategory.EXEMPT,
    "product_exempt": TaxCategory.EXEMPT,
    "product_exempt_holiday": TaxCategory.EXEMPT,
    "reverse_charge": TaxCategory.REVERSE_CHARGE,
}
_NAMES = {TaxCategory.EXEMPT: "Exempt from tax", TaxCategory.REVERSE_CHARGE: "Reverse charge"}

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def bring_location(client: stripe.StripeClient, customer_id: str, location: TaxLocation) -> None:
    """Give Stripe's customer the address, exemption and tax number that we know; what is so already is not sent."""
    expanded: stripe.params.CustomerRetrieveParams = {"expand": ["tax_ids"]}
    held = await ask("customer.retrieve", client.v1.customers.retrieve_async(customer_id, expanded))
    wanted, exempt = _address(location.address), _exemption(location)
    known = held.address.to_dict() if held.address else {}
    if {name: known.get(name) or "" for name in wanted} != wanted or held.tax_exempt != exempt:
        updating = client.v1.customers.update_async(customer_id, location_params(location))
        await ask("customer.update", updating)
    await _bring_tax_id(client, customer_id, location, held.tax_ids.data if held.tax_ids else [])


async def _bring_tax_id(
    client: stripe.StripeClient, customer_id: str, location: TaxLocation, held: Sequence[stripe.TaxId]
) -> None:
    wanted = (location.tax_id_type, location.tax_id)
    # Kinds of numbers that aren't ours to bring are left to the people who added them.
    tax_ids = client.v1.customers.tax_ids
    for one in held:
        if one.type in TAX_ID_TYPES and (one.type, one.value) != wanted:
            await ask("customer_tax_id.delete", tax_ids.delete_async(customer_id, one.id))
    if location.tax_id is None or any((one.type, one.value) == wanted for one in held):
        return
    try:
        await ask("customer_tax_id.create", tax_ids.create_async(customer_id, tax_id_params(location)))
    except stripe.InvalidRequestError:
        log.warning("stripe takes no such tax id", stripe_customer=customer_id, type=location.tax_id_type)


def location_params(location: TaxLocation) -> stripe.params.CustomerUpdateParams:
    """Return the request that says where a customer is, and whether it is exempt."""
    params: stripe.params.CustomerUpdateParams = {
        "address": _address(location.address),
        "tax_exempt": _exemption(location),
    }
    return fitted("customer.update", params)


def tax_id_params(location: TaxLocation) -> stripe.params.CustomerTaxIdCreateParams:
    """Return the request that gives a customer its tax number."""
    params: stripe.params.CustomerTaxIdCreateParams = {
        "type": location.tax_id_type or "",
        "value": location.tax_id or "",
    }
    return fitted("customer_tax_id.create", params)


def _exemption(location: TaxLocation) -> Literal["exempt", "none"]:
    return "exempt" if location.is_exempt else "none"


def _address(address: Address) -> stripe.params.CustomerUpdateParamsAddress:
    return {
        "line1": address.street or "",
        "line2": address.street2 or "",
        "city": address.city or "",
        "postal_code": address.postal_code or "",
        "state": address.state or "",
        "country": address.country or "",
    }


async def with_tax_computed(client: stripe.StripeClient, held: stripe.Invoice) -> stripe.Invoice:
    """Return the draft with its tax as of now; raises `PaymentsRejected` where Stripe can't compute it."""
    if held.automatic_tax.status != "complete":
        anew: stripe.params.InvoiceUpdateParams = {"automatic_tax": {"enabled": True}}
        held = await ask("invoice.update", client.v1.invoices.update_async(held.id, anew))
    if held.automatic_tax.status == "requires_location_inputs":
        raise PaymentsRejected(
            "Stripe can't tell where the customer is taxed; complete its billing address (billing_address: country, "
            "state, postal code).",
            code="tax_address_missing",
        )
    if held.automatic_tax.status != "complete":
        raise PaymentsRejected(
            f"Stripe Tax failed for invoice {held.id}; look at its settings of Stripe Tax.",
            code="tax_not_computed",
        )
    return held


async def computed_taxes(client: stripe.StripeClient, held: stripe.Invoice) -> dict[str, tuple[ComputedTax, ...]]:
    """Return what Stripe charges on each line of an invoice, by the id of our line; "" for lines that are not ours."""
    currency, rates = held.currency.upper(), dict[str, stripe.TaxRate]()
    computed: dict[str, tuple[ComputedTax, ...]] = {}
    listing = client.v1.invoices.line_items.list_async(held.id, {"limit": PAGE})
    for line in await ask_all("invoice.line_items.list", listing):
        line_id = keys.metadata_of(line).get(keys.LINE, "")
        taxes = [await _computed(client, tax, currency, rates) for tax in line.taxes or ()]
        computed[line_id] = (*computed.get(line_id, ()), *taxes)
    return computed


async def _computed(
    client: stripe.StripeClient, tax: stripe.InvoiceLineItem.Tax, currency: str, rates: dict[str, stripe.TaxRate]
) -> ComputedTax:
    rate_id = tax.tax_rate_details.tax_rate if tax.tax_rate_details else None
    if rate_id is not None and rate_id not in rates:
        rates[rate_id] = await ask("tax_rate.retrieve", client.v1.tax_rates.retrieve_async(rate_id))
    return ComputedTax(
        applied=_applied(tax, rates[rate_id] if rate_id else None),
        base=from_stripe(tax.taxable_amount or 0, currency),
        tax=from_stripe(tax.amount, currency),
    )


def _applied(tax: stripe.InvoiceLineItem.Tax, rate: stripe.TaxRate | None) -> AppliedTax:
    category = TaxCategory.NONE if rate is None else _CATEGORIES.get(tax.taxability_reason, TaxCategory.STANDARD)
    charged = Decimal(str(rate.percentage)) if rate and category is TaxCategory.STANDARD else Decimal(0)
    place = [part for part in ((rate.country, rate.state) if rate else ()) if part]
    return AppliedTax(
        category=category,
        name=_NAMES.get(category) or (rate.display_name if rate else ""),
        percent=f"{charged.normalize():f}",
        jurisdiction="-".join(place),
        inclusive=tax.tax_behavior == "inclusive",
    )
