"""One table from what Stripe's client raises to the three outcomes billing knows: unavailable, rejected, declined."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import StrEnum

import stripe
from stripe import oauth_error

from billflow.ports.payments import PaymentsRejected, PaymentsUnavailable
from billflow.telemetry.process_metrics import stripe_rate_limits

SERVER_ERROR = 500
MAX_MESSAGE = 300
"""A broken gateway's whole page is no message for people."""


class CallOutcome(StrEnum):
    """What an error means for the debt."""

    UNAVAILABLE = "unavailable"
    """What happened is unknown: ask again with the same key."""

    REJECTED = "rejected"
    """Stripe refuses the request: a person or a release must change something."""

    DECLINED = "declined"
    """The bank said no."""

    REQUIRES_ACTION = "requires_action"
    """The customer must confirm the payment."""


BY_CLASS: dict[type[stripe.StripeError], CallOutcome] = {
    stripe.APIConnectionError: CallOutcome.UNAVAILABLE,
    stripe.APIError: CallOutcome.UNAVAILABLE,
    stripe.RateLimitError: CallOutcome.UNAVAILABLE,
    stripe.CardError: CallOutcome.DECLINED,
    stripe.AuthenticationError: CallOutcome.REJECTED,
    stripe.IdempotencyError: CallOutcome.REJECTED,
    stripe.InvalidRequestError: CallOutcome.REJECTED,
    stripe.PermissionError: CallOutcome.REJECTED,
    stripe.SignatureVerificationError: CallOutcome.REJECTED,
    # Bases that the client does not raise itself; what is not understood counts as unknown.
    stripe.StripeError: CallOutcome.UNAVAILABLE,
    stripe.StripeErrorWithParamCode: CallOutcome.UNAVAILABLE,
    # API v2 and OAuth, which billflow does not use.
    stripe.AlreadyCanceledError: CallOutcome.REJECTED,
    stripe.BlockedByStripeError: CallOutcome.REJECTED,
    stripe.CannotProceedError: CallOutcome.REJECTED,
    stripe.CapabilityNotEnabledError: CallOutcome.REJECTED,
    stripe.ControlledByAlternateResourceError: CallOutcome.REJECTED,
    stripe.FeatureNotEnabledError: CallOutcome.REJECTED,
    stripe.FinancialAccountNotOpenError: CallOutcome.REJECTED,
    stripe.FxQuoteNeedsRefreshError: CallOutcome.REJECTED,
    stripe.InsufficientFundsError: CallOutcome.REJECTED,
    stripe.InvalidPaymentMethodError: CallOutcome.REJECTED,
    stripe.InvalidPayoutMethodError: CallOutcome.REJECTED,
    stripe.InvalidVaultedCredentialError: CallOutcome.REJECTED,
    stripe.NotCancelableError: CallOutcome.REJECTED,
    stripe.QuotaExceededError: CallOutcome.UNAVAILABLE,
    stripe.RecipientNotNotifiableError: CallOutcome.REJECTED,
    stripe.TemporarySessionExpiredError: CallOutcome.REJECTED,
    stripe.VerificationAttemptFailedError: CallOutcome.REJECTED,
    stripe.VerificationExpiredError: CallOutcome.REJECTED,
    stripe.VerificationNotInitiatedError: CallOutcome.REJECTED,
    oauth_error.OAuthError: CallOutcome.REJECTED,
    oauth_error.InvalidClientError: CallOutcome.REJECTED,
    oauth_error.InvalidGrantError: CallOutcome.REJECTED,
    oauth_error.InvalidRequestError: CallOutcome.REJECTED,
    oauth_error.InvalidScopeError: CallOutcome.REJECTED,
    oauth_error.UnsupportedGrantTypeError: CallOutcome.REJECTED,
    oauth_error.UnsupportedResponseTypeError: CallOutcome.REJECTED,
}
"""What a class of errors means, unless its code says otherwise."""

BY_CODE: dict[str, CallOutcome] = {
    "idempotency_key_in_use": CallOutcome.UNAVAILABLE,
    "lock_timeout": CallOutcome.UNAVAILABLE,
    "rate_limit": CallOutcome.UNAVAILABLE,
    "authentication_required": CallOutcome.REQUIRES_ACTION,
    "invoice_payment_intent_requires_action": CallOutcome.REQUIRES_ACTION,
    "payment_intent_action_required": CallOutcome.REQUIRES_ACTION,
}
"""Codes, and decline codes of banks, that mean the same whatever class they come in."""

_EMAIL = re.compile(r"[^\s'\"<>]+@[^\s'\"<>]+")
_CODE_OF_CLASS = {
    stripe.AuthenticationError: "authentication_failed",
    stripe.PermissionError: "permission_denied",
    stripe.IdempotencyError: "idempotency_error",
}


def outcome_of(error: stripe.StripeError) -> CallOutcome:
    """Return what the error means, by its decline code, its code, or its class."""
    for code in (decline_code_of(error), code_of(error)):
        if code in BY_CODE:
            return BY_CODE[code]
    return next(BY_CLASS[kind] for kind in type(error).__mro__ if kind in BY_CLASS)


def code_of(error: stripe.StripeError) -> str | None:
    """Return Stripe's code of the error, which the client leaves out of some classes, or one for the class."""
    return error.code or _detail(error, "code") or _CODE_OF_CLASS.get(type(error))


def decline_code_of(error: stripe.StripeError) -> str | None:
    """Return why the bank refused, where it says so."""
    return _detail(error, "decline_code")


def key_is_spent(error: stripe.StripeError) -> bool:
    """Tell whether the idempotency key of the failed request can never lead to another answer.

    That is a stored failure of the server, replayed for as long as the key lives, or a key that was first used
    with other parameters.
    """
    if isinstance(error, stripe.IdempotencyError):
        return code_of(error) not in BY_CODE
    failed = isinstance(error, stripe.APIError) and (error.http_status or 0) >= SERVER_ERROR
    return failed and _header(error, "idempotent-replayed") == "true"


def retry_after(error: stripe.StripeError) -> float | None:
    """Return the seconds Stripe asks us to wait, where it does; the client itself never looks."""
    try:
        seconds = float(_header(error, "retry-after") or "")
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None


def fault(error: stripe.StripeError) -> PaymentsUnavailable | PaymentsRejected:
    """Return the port's exception for an error that is no value; a decline where nothing is paid is a rejection."""
    if isinstance(error, stripe.RateLimitError):
        stripe_rate_limits().inc()
    if outcome_of(error) is CallOutcome.UNAVAILABLE:
        wait = retry_after(error)
        return PaymentsUnavailable(
            f"Stripe gave no usable answer: {_message(error)}", retry_after=timedelta(seconds=wait) if wait else None
        )
    return PaymentsRejected(_message(error), stripe_code=code_of(error))


@contextmanager
def port_faults() -> Iterator[None]:
    """Raise what Stripe's client raises as the port's exceptions."""
    try:
        yield
    except stripe.StripeError as error:
        # Its body may hold names and e-mail addresses, which a chained exception would carry into logs and histories.
        raise fault(error) from None


def _message(error: stripe.StripeError) -> str:
    if isinstance(error, stripe.APIConnectionError):
        return f"{type(error.__cause__ or error).__name__} on the way."
    told = _EMAIL.sub("[e-mail]", " ".join((error.user_message or "no message").split()))
    where = f" (Stripe's request {error.request_id})" if error.request_id else ""
    return f"{told[:MAX_MESSAGE].rstrip('.')}{where}."


def _detail(error: stripe.StripeError, name: str) -> str | None:
    body = error.json_body
    inner = body.get("error") if isinstance(body, dict) else None
    value = inner.get(name) if isinstance(inner, dict) else None
    return value if isinstance(value, str) else None


def _header(error: stripe.StripeError, name: str) -> str | None:
    return next((value for key, value in (error.headers or {}).items() if key.lower() == name), None)
