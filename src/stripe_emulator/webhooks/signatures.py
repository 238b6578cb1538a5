"""Sign webhook bodies the way Stripe does."""

import hashlib
import hmac


def signature_header(secret: str, timestamp: int, body: bytes) -> str:
    """Return the `Stripe-Signature` value: the time and the HMAC-SHA256 of time, dot and body."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"
