"""Payment intents: create, retrieve, update, confirm, cancel, list."""

from stripe_emulator.engine import fields, money
from stripe_emulator.engine.lists import page
from stripe_emulator.engine.operations import Args, operation
from stripe_emulator.engine.render import render
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import StripeError, card_error, invalid
from stripe_emulator.invoicing.payment_results import intent_failed, intent_succeeded, payments_of
from stripe_emulator.payments import intents
from stripe_emulator.storage.query import Query
from stripe_emulator.types import Obj

COPIED = (
    "description",
    "receipt_email",
    "setup_future_usage",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
    "allowed_payment_method_types",
)


def check(params: Obj) -> None:
    """Raise StripeError for amounts and currencies that cannot be charged."""
    money.check_currency(params.get("currency"))
    amount, currency = params.get("amount"), params.get("currency")
    if amount is not None and currency:
        money.check_charge(amount, currency)
        if amount < money.minimum_charge(currency):
            raise invalid(
                f"Amount must be at least {money.minimum_charge(currency)} in {currency}.",
                code="amount_too_small",
                param="amount",
            )


@operation("payment_intent.create", check)
def create(unit: Unit, args: Args) -> Obj:
    """Create an intent; `confirm` charges at once."""
    params = args.params
    customer = params.get("customer")
    if customer:
        unit.get("customer", customer, "customer")
    intent = intents.new_intent(unit, params["amount"], params["currency"], customer)
    _apply(unit, intent, params)
    unit.save(intent)
    unit.complete(intent)
    unit.emit("payment_intent.created", intent)
    return _confirm(unit, intent, params) if params.get("confirm") else intent


@operation("payment_intent.retrieve")
def retrieve(unit: Unit, args: Args) -> Obj:
    """Return an intent."""
    return unit.get("payment_intent", args.id)


@operation("payment_intent.update", check)
def update(unit: Unit, args: Args) -> Obj:
    """Change an intent that is not finished; an invoice's follows its invoice."""
    intent = unit.get("payment_intent", args.id)
    _require_open(intent, "updated")
    if intent["_sim"]["invoice"] and not set(args.params) <= {"metadata", "description", "payment_method", "expand"}:
        raise invalid("The payment intent of an invoice follows the invoice and cannot be edited directly.")
    fields.copy(intent, args.params, ("amount", "currency", "customer"))
    _apply(unit, intent, args.params)
    unit.save(intent)
    return intent


@operation("payment_intent.confirm")
def confirm(unit: Unit, args: Args) -> Obj:
    """Charge an intent's payment method."""
    return _confirm(unit, unit.get("payment_intent", args.id), args.params)


@operation("payment_intent.cancel")
def cancel(unit: Unit, args: Args) -> Obj:
    """Cancel an intent that is not finished and belongs to no invoice."""
    intent = unit.get("payment_intent", args.id)
    if intent["_sim"]["invoice"]:
        raise invalid("The payment intent of an invoice is cancelled by voiding the invoice.")
    _require_open(intent, "cancelled")
    intents.cancel(unit, intent, args.params.get("cancellation_reason"))
    return intent


@operation("payment_intent.list")
def list_intents(unit: Unit, args: Args) -> Obj:
    """List intents by customer and creation."""
    query = Query("payment_intent")
    if args.params.get("customer"):
        query.where("customer", args.params["customer"])
    if args.params.get("created") is not None:
        query.between("created", args.params["created"])
    return page(unit, args, query)


def _apply(unit: Unit, intent: Obj, params: Obj) -> None:
    fields.copy(intent, params, COPIED)
    fields.merge_metadata(intent, params)
    if params.get("automatic_payment_methods"):
        intent["automatic_payment_methods"] = {"allow_redirects": "always", **params["automatic_payment_methods"]}
    if params.get("payment_method"):
        intent["payment_method"] = _usable(unit, intent, params["payment_method"])["id"]
        intent["status"] = "requires_confirmation"


def _usable(unit: Unit, intent: Obj, method_id: str) -> Obj:
    method = unit.get("payment_method", method_id, "payment_method")
    if method["customer"] not in (None, intent["customer"]):
        raise invalid("The payment method belongs to another customer.", param="payment_method")
    return method


def _require_open(intent: Obj, done: str) -> None:
    if intent["status"] not in intents.PAYABLE:
        error = invalid(
            f"This payment intent is {intent['status']} and cannot be {done}.",
            code="payment_intent_unexpected_state",
        )
        raise error


def _confirm(unit: Unit, intent: Obj, params: Obj) -> Obj:
    _require_open(intent, "confirmed")
    method_id = params.get("payment_method") or intent["payment_method"]
    if not method_id:
        raise invalid("A payment method is needed to confirm.", code="parameter_missing", param="payment_method")
    method = _usable(unit, intent, method_id)
    outcome = intents.attempt(unit, intent, method, off_session=bool(params.get("off_session")))
    if outcome.kind == "succeeded":
        intent_succeeded(unit, intent)
    if outcome.decline is not None:
        for payment in payments_of(unit, intent):
            intent_failed(unit, unit.get("invoice", payment["invoice"]))
        raise intents.declined(unit, intent, outcome.decline)
    if outcome.kind == "requires_action" and params.get("error_on_requires_action"):
        raise _needs_action(unit, intent)
    return intent


def _needs_action(unit: Unit, intent: Obj) -> StripeError:
    error = card_error("This payment needs the customer to authenticate it.", code="authentication_required")
    error.details["payment_intent"] = render(unit, intent)
    return error
