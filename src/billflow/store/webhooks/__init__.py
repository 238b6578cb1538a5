"""Webhooks as rows, in both directions.

Out: `outbox` queues events, `deliveries` sends them in order and logs attempts, `endpoints` and `endpoint_health`.
In: `stripe_events` stores Stripe's events until they are handled, `stripe_event_effects` writes what they change.
"""
