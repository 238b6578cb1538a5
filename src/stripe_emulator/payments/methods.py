"""Mint test cards and attach payment methods to customers."""

from stripe_emulator.contract.table import blank
from stripe_emulator.engine.cards import DO_NOT_RETRY, Card, card_for, iban_for
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import StripeError, card_error, invalid, missing_resource
from stripe_emulator.types import Obj


def new_card_method(unit: Unit, card: Card, alias: str) -> Obj:
    """Store a new card payment method that behaves like the test card."""
    method = unit.blank("payment_method")
    method.update(type="card", metadata={}, allow_redisplay="unspecified", card=blank("PaymentMethod.Card"))
    method["card"].update(brand=card.brand, display_brand=card.brand, country=card.country, funding="credit")
    method["card"].update(exp_month=12, exp_year=2034, last4=card.last4, fingerprint=unit.services.ids.text(16))
    method["card"].update(networks={"available": [card.brand], "preferred": None})
    method["card"].update(three_d_secure_usage={"supported": True})
    method["_sim"] = {"alias": alias, "declines": 0}
    return unit.add(method)


def new_debit_method(unit: Unit, iban: str) -> Obj:
    """Store a new bank account that is debited by SEPA."""
    method = unit.blank("payment_method")
    method.update(type="sepa_debit", metadata={}, sepa_debit=blank("PaymentMethod.SepaDebit"))
    method["sepa_debit"].update(country=iban[:2], last4=iban[-4:], bank_code=iban[4:12])
    method["sepa_debit"]["fingerprint"] = unit.services.ids.text(16)
    method["_sim"] = {"alias": iban, "declines": 0}
    return unit.add(method)


def refusal(card: Card) -> StripeError | None:
    """Return the 402 that attaching this card ends in, or None."""
    if card.attach is None:
        return None
    error = card_error(card.attach.message, code=card.attach.code, decline_code=card.attach.decline_code)
    error.keep_changes = False
    if card.attach.decline_code in DO_NOT_RETRY:
        error.details["advice_code"] = "do_not_try_again"
    return error


def attach_to(unit: Unit, customer: Obj, identifier: str) -> Obj:
    """Attach a payment method to the customer; an alias mints a new one each time.

    Raises StripeError 402 for the aliases that decline, 400 for one that belongs to somebody else.
    """
    method = unit.find(identifier, "payment_method") or _from_alias(unit, identifier)
    card = card_for(method.get("_sim", {}).get("alias", ""))
    problem = refusal(card) if card else None
    if problem is not None:
        raise problem
    if method["customer"] not in (None, customer["id"]):
        raise invalid(
            "The payment method you provided has already been attached to a customer.",
            code="payment_method_unexpected_state",
        )
    if method["customer"] is None:
        method["customer"] = customer["id"]
        unit.save(method)
        unit.complete(method)
        unit.emit("payment_method.attached", method)
    return method


def _from_alias(unit: Unit, identifier: str) -> Obj:
    if (iban := iban_for(identifier)) is not None:
        return new_debit_method(unit, iban)
    card = card_for(identifier) if identifier.startswith("pm_") else None
    if card is None:
        raise missing_resource("PaymentMethod", identifier, "payment_method")
    return new_card_method(unit, card, identifier)
