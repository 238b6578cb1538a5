"""Stripe behind the port `PaymentGateway`: the gateway, its errors, its idempotency keys and its webhooks."""
