"""Stripe's test payment methods, and a few of our own, with what each does when attached and when charged."""

import re
from dataclasses import dataclass

from stripe_emulator.types import Obj


@dataclass(frozen=True, slots=True)
class Decline:
    """Why a card is refused: Stripe's error code, decline code and message."""

    code: str
    decline_code: str | None
    message: str


DECLINED = "Your card was declined."
GENERIC = Decline("card_declined", "generic_decline", DECLINED)
INSUFFICIENT = Decline("card_declined", "insufficient_funds", "Your card has insufficient funds.")
# [assume] the pairing of code and decline code.
AUTHENTICATION = Decline(
    "card_declined", "authentication_required", "Your card was declined. This transaction requires authentication."
)
DO_NOT_RETRY = {"lost_card", "stolen_card"}


@dataclass(frozen=True, slots=True)
class Card:
    """A test card: what attaching refuses, and how a charge ends (`ok`, `decline`, `authenticate`, `flaky`...)."""

    last4: str
    brand: str = "visa"
    country: str = "US"
    attach: Decline | None = None
    charge: Decline | None = None
    behaviour: str = "ok"
    argument: int = 0


CARDS = {
    "visa": Card("4242"),
    "mastercard": Card("4444", brand="mastercard"),
    "amex": Card("8431", brand="amex"),
    "chargeCustomerFail": Card("0341", charge=GENERIC, behaviour="decline"),
    "visa_chargeDeclined": Card("0002", attach=GENERIC),
    "visa_chargeDeclinedInsufficientFunds": Card("9995", attach=INSUFFICIENT),
    "visa_chargeDeclinedLostCard": Card("9987", attach=Decline("card_declined", "lost_card", DECLINED)),
    "visa_chargeDeclinedStolenCard": Card("9979", attach=Decline("card_declined", "stolen_card", DECLINED)),
    "chargeDeclinedExpiredCard": Card("0069", attach=Decline("expired_card", None, "Your card has expired.")),
    "chargeDeclinedIncorrectCvc": Card(
        "0127", attach=Decline("incorrect_cvc", None, "Your card's security code is incorrect.")
    ),
    "chargeDeclinedProcessingError": Card(
        "0119",
        attach=Decline("processing_error", None, "An error occurred while processing your card. Try again later."),
    ),
    "authenticationRequired": Card("3184", charge=AUTHENTICATION, behaviour="authenticate"),
    # [3rd] the same refusals under the spellings Stripe's documentation has used over time.
    "chargeDeclined": Card("0002", attach=GENERIC),
    "chargeDeclinedInsufficientFunds": Card("9995", attach=INSUFFICIENT),
    "authenticationRequiredOnSetup": Card("3155", charge=AUTHENTICATION, behaviour="authenticate_each_time"),
    "threeDSecure2Required": Card("3220", charge=AUTHENTICATION, behaviour="authenticate_each_time"),
}
NUMBERS = {
    "4242424242424242": "visa",
    "5555555555554444": "mastercard",
    "378282246310005": "amex",
    "4000000000000341": "chargeCustomerFail",
    "4000000000000002": "visa_chargeDeclined",
    "4000000000009995": "visa_chargeDeclinedInsufficientFunds",
    "4000000000009987": "visa_chargeDeclinedLostCard",
    "4000000000009979": "visa_chargeDeclinedStolenCard",
    "4000000000000069": "chargeDeclinedExpiredCard",
    "4000000000000127": "chargeDeclinedIncorrectCvc",
    "4000000000000119": "chargeDeclinedProcessingError",
    "4000002760003184": "authenticationRequired",
}


@dataclass(frozen=True, slots=True)
class Debit:
    """What becomes of a bank debit after it was processing: the refusal, and how many seconds it takes more."""

    refusal: Decline | None = None
    seconds: float = 0.0


# [assume] the code of a refused debit; Stripe documents that it fails, and after how long at least.
REFUSED = Decline("payment_method_provider_decline", None, "The payment was refused by the customer's bank.")
AT_LEAST = 180.0
DEBITS = {
    "success": Debit(),
    "successDelayed": Debit(seconds=AT_LEAST),
    "failed": Debit(REFUSED),
    "failedDelayed": Debit(REFUSED, AT_LEAST),
}
IBANS = {
    "DE89370400440532013000": "success",
    "DE08370400440532013003": "successDelayed",
    "DE62370400440532013001": "failed",
    "DE78370400440532013004": "failedDelayed",
    "AT611904300234573201": "success",
    "AT321904300235473204": "successDelayed",
    "AT861904300235473202": "failed",
    "AT051904300235473205": "failedDelayed",
}
"""Stripe's test accounts; any other one pays."""

SIMULATED = re.compile(r"pm_sim_(flaky|slow|insufficient_until)_(\d{1,12})\Z")
SIMULATED_LAST4 = {"flaky": "7001", "slow": "7002", "insufficient_until": "7003"}
ALIAS = re.compile(r"(?:pm_card_|tok_)(\w+)\Z")


def iban_for(alias: str) -> str | None:
    """Return the test account behind `pm_success_de`, `pm_failed_at` and the like; None when unknown."""
    for iban, name in IBANS.items():
        if alias == f"pm_{name}_{iban[:2].lower()}":
            return iban
    return None


def debit_for(method: Obj) -> Debit:
    """Return how a debit of this payment method ends."""
    return DEBITS[IBANS.get(method["_sim"]["alias"], "success")]


def card_for(alias: str) -> Card | None:
    """Return the test card behind `pm_card_...`, `tok_...`, `pm_sim_...` or a card number; None when unknown."""
    simulated = SIMULATED.match(alias)
    if simulated:
        name, argument = simulated[1], int(simulated[2])
        return Card(SIMULATED_LAST4[name], charge=INSUFFICIENT, behaviour=name, argument=argument)
    named = ALIAS.match(alias)
    return CARDS.get(named[1] if named else NUMBERS.get(alias, ""))
