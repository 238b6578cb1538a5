"""Payment methods: create, attach (with Stripe's test aliases), detach, update, list."""

from stripe_emulator.engine import fields
from stripe_emulator.engine.cards import card_for
from stripe_emulator.engine.lists import page
from stripe_emulator.engine.operations import Args, operation
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid, missing_resource
from stripe_emulator.payments.methods import attach_to, new_card_method, new_debit_method
from stripe_emulator.storage.query import Query
from stripe_emulator.types import Obj

DETAILS = ("address", "email", "name", "phone", "tax_id")


@operation("payment_method.create")
def create(unit: Unit, args: Args) -> Obj:
    """Create a card from a token or test number, or a SEPA debit from an IBAN."""
    params = args.params
    kind = params.get("type")
    if kind == "card":
        method = _card(unit, params.get("card") or {})
    elif kind == "sepa_debit":
        method = _sepa(unit, params.get("sepa_debit") or {})
    else:
        raise invalid(f"Payment methods of type {kind} are not simulated: use card or sepa_debit.", param="type")
    _update(method, params)
    unit.save(method)
    unit.complete(method)
    return method


def _card(unit: Unit, given: Obj) -> Obj:
    alias = given.get("token") or given.get("number")
    card = card_for(alias or "")
    if card is None or alias is None:
        raise missing_resource("token", str(alias), "card[token]")
    method = new_card_method(unit, card, alias)
    method["card"].update({name: given[name] for name in ("exp_month", "exp_year") if given.get(name)})
    return method


def _sepa(unit: Unit, given: Obj) -> Obj:
    iban = (given.get("iban") or "").replace(" ", "")
    if not iban:
        raise invalid("Missing required param: sepa_debit[iban].", code="parameter_missing", param="sepa_debit[iban]")
    return new_debit_method(unit, iban)


def _update(method: Obj, params: Obj) -> None:
    fields.merge_metadata(method, params)
    fields.copy(method, params, ("allow_redisplay",))
    if params.get("billing_details"):
        known = {name: value for name, value in params["billing_details"].items() if name in DETAILS}
        if known.get("address"):
            known["address"] = {
                **dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state")),
                **known["address"],
            }
        method["billing_details"].update(known)


@operation("payment_method.retrieve")
def retrieve(unit: Unit, args: Args) -> Obj:
    """Return a payment method."""
    return unit.get("payment_method", args.id)


@operation("payment_method.update")
def update(unit: Unit, args: Args) -> Obj:
    """Change billing details, expiry or metadata."""
    method = unit.get("payment_method", args.id)
    _update(method, args.params)
    given = args.params.get("card") or {}
    if "card" in method:
        method["card"].update({name: given[name] for name in ("exp_month", "exp_year") if given.get(name)})
    unit.changed("payment_method.updated", method)
    return method


@operation("payment_method.attach")
def attach(unit: Unit, args: Args) -> Obj:
    """Attach to a customer."""
    customer_id = args.params.get("customer")
    if not customer_id:
        raise invalid("Missing required param: customer.", code="parameter_missing", param="customer")
    return attach_to(unit, unit.get("customer", customer_id, "customer"), args.id)


@operation("payment_method.detach")
def detach(unit: Unit, args: Args) -> Obj:
    """Detach from its customer, also as the default of invoices."""
    method = unit.get("payment_method", args.id)
    customer = unit.find(method["customer"], "customer")
    if customer is None:
        raise invalid("The payment method you provided is not attached to a customer.")
    if customer["invoice_settings"]["default_payment_method"] == method["id"]:
        customer["invoice_settings"]["default_payment_method"] = None
        unit.changed("customer.updated", customer)
    method["customer"] = None
    unit.changed("payment_method.detached", method)
    return method


@operation("payment_method.list")
def list_methods(unit: Unit, args: Args) -> Obj:
    """List the payment methods of a customer, by type."""
    return _list(unit, args, args.params.get("customer"))


@operation("customer_payment_method.list")
def list_of_customer(unit: Unit, args: Args) -> Obj:
    """List a customer's payment methods."""
    return _list(unit, args, unit.get("customer", args.id)["id"])


@operation("customer_payment_method.retrieve")
def retrieve_of_customer(unit: Unit, args: Args) -> Obj:
    """Return one of a customer's payment methods."""
    method = unit.get("payment_method", args.ids[1])
    if method["customer"] != args.id:
        raise missing_resource("PaymentMethod", args.ids[1])
    return method


def _list(unit: Unit, args: Args, customer: str | None) -> Obj:
    query = Query("payment_method")
    if customer:
        query.where("customer", customer)
    if args.params.get("type"):
        query.where("status", args.params["type"])
    if args.params.get("allow_redisplay"):
        query.where("allow_redisplay", args.params["allow_redisplay"])
    return page(unit, args, query)
