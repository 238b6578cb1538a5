"""An account at Stripe as rows of the neutral format, with what has no counterpart refused by its reason."""

from billflow.domain.errors import BillingError, InvalidInput, Refused
from billflow.imports.bundles import Bundles, RefusedRow, bundle
from billflow.imports.files import FileRow
from billflow.imports.price_map import PriceMap
from billflow.imports.stripe_coupons import coupon_of
from billflow.imports.stripe_customers import customer_row, invoice_row
from billflow.imports.stripe_invoices import subscription_of
from billflow.imports.stripe_objects import AccountObjects, Obj, readable
from billflow.imports.stripe_plans import OVER, plan_row, pricing_of


def bundle_stripe(objects: AccountObjects, prices: PriceMap) -> Bundles:
    """Map every customer with its live subscription and its invoices; what is over stays behind."""
    mapping = _Mapping(objects, prices)
    live = [one for one in objects.all("subscriptions") if one.get("status") not in OVER]
    plans = {one.get("customer"): mapping.plan(one) for one in live}
    for customer in objects.all("customers"):
        mapping.customer(customer, plans.get(customer["id"]))
    for invoice in objects.all("invoices"):
        mapping.invoice(invoice)
    made = bundle(mapping.rows, mapping.refused)
    made.ignored = mapping.ignored
    return made


class _Mapping:
    def __init__(self, objects: AccountObjects, prices: PriceMap) -> None:
        self.objects, self.prices = objects, prices
        self.rows: list[FileRow] = []
        self.refused: list[RefusedRow] = []
        self.ignored: list[RefusedRow] = []
        self.live: dict[str, str] = {}

    def plan(self, subscription: Obj) -> dict[str, str]:
        """Map a subscription; return what its customer gets of it: a currency, and perhaps a coupon."""
        row = _row("plans", subscription)
        customer = subscription.get("customer")
        try:
            if customer in self.live:
                raise InvalidInput(
                    "The customer has several subscriptions; a customer has one live plan here.", code="several_plans"
                )
            with readable("subscription"):
                values = plan_row(self.objects, subscription, self.prices)
                of_customer = {"currency": subscription["currency"]}
                of_customer |= coupon_of(self.objects, subscription, values, self.prices)
                of_customer |= pricing_of(self.objects, subscription, values)
        except BillingError as error:
            self.refused.append(RefusedRow.of(row, error))
            return {}
        self.live[values["customer"]] = subscription["id"]
        self.rows.append(FileRow("plans", row.file, row.line, values))
        method = subscription.get("default_payment_method")
        paying = {"stripe_payment_method_id": method} if isinstance(method, str) else {}
        return {**paying, **of_customer}

    def customer(self, customer: Obj, of_plan: dict[str, str] | None) -> None:
        """Map a customer, whose subscription may pay by a method of its own."""
        row = _row("customers", customer)
        more = dict(of_plan or {})
        currency = more.pop("currency", None)
        try:
            with readable("customer"):
                values = {**customer_row(self.objects, customer, currency), **more}
        except BillingError as error:
            self.refused.append(RefusedRow.of(row, error))
            return
        self.rows.append(FileRow("customers", row.file, row.line, values))

    def invoice(self, invoice: Obj) -> None:
        """Map an invoice; one that is no fact of the account is left out, and named."""
        row = _row("invoices", invoice)
        try:
            with readable("invoice"):
                subscription = subscription_of(invoice)
                plan = subscription if subscription in self.live.values() else None
                _check_is_charge(invoice)
                values = invoice_row(invoice, plan)
        except Refused as error:
            self.ignored.append(RefusedRow.of(row, error))
        except BillingError as error:
            self.refused.append(RefusedRow.of(row, error))
        else:
            self.rows.append(FileRow("invoices", row.file, row.line, values))


def _check_is_charge(invoice: Obj) -> None:
    if invoice["total"] < 0:
        raise Refused("The invoice credits; what it left is in the customer's balance.", code="invoice_credits")


def _row(kind: str, obj: Obj) -> FileRow:
    about = {"external_id": obj["id"], "customer": obj.get("customer")}
    return FileRow(kind, "stripe", 0, about)
