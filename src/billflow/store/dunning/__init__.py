"""Dunning as rows.

`repository` reads and writes policies, and what they do to customers and invoices.
"""
