"""Subscriptions: their periods, items, invoices and schedules, as the server's clock or a test clock passes."""
