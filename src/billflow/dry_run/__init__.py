"""Billing every plan ahead from recorded facts, by the rules of today and by changed ones, and what differs."""
