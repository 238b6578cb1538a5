"""Webhooks in and out, as rows.

`stripe_events` and `stripe_event_effects` keep what Stripe reports; `outbox` and `endpoints` what we tell others.
"""
