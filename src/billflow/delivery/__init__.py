"""Webhooks out: how events are signed and sent."""
