"""Stripe's encoding on the wire: brackets in, coerced parameters, JSON and headers out."""
