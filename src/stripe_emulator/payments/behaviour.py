"""Decide how a test payment method answers a charge."""

from dataclasses import dataclass

from stripe_emulator.engine.cards import AUTHENTICATION, GENERIC, Decline, card_for
from stripe_emulator.engine.unit import Unit
from stripe_emulator.types import Obj


@dataclass(frozen=True, slots=True)
class ChargeOutcome:
    """The bank's answer: `succeeded`, `processing`, `requires_action`, or `declined` with a reason."""

    kind: str
    decline: Decline | None = None


SUCCEEDED = ChargeOutcome("succeeded")


def charge_outcome(unit: Unit, method: Obj, *, off_session: bool) -> ChargeOutcome:
    """Return what becomes of a charge of this method now; counters of flaky methods move on."""
    if method["type"] == "sepa_debit":
        return ChargeOutcome("processing")
    card = card_for(method["_sim"]["alias"])
    if card is None:
        return SUCCEEDED
    if card.behaviour == "authenticate_each_time" or (card.behaviour == "authenticate" and not off_session):
        return ChargeOutcome("requires_action")
    if card.behaviour == "authenticate":
        return ChargeOutcome("declined", AUTHENTICATION)
    if card.behaviour == "slow":
        unit.delay += card.argument / 1000
        return SUCCEEDED
    declines = card.behaviour == "decline" or _not_yet(unit, method, card.behaviour, card.argument)
    return ChargeOutcome("declined", card.charge or GENERIC) if declines else SUCCEEDED


def _not_yet(unit: Unit, method: Obj, behaviour: str, argument: int) -> bool:
    if behaviour == "insufficient_until":
        customer = unit.find(method["customer"], "customer") or {}
        return unit.now(customer.get("test_clock")) < argument
    if behaviour != "flaky" or method["_sim"]["declines"] >= argument:
        return False
    method["_sim"]["declines"] += 1
    unit.save(method)
    return True
