"""Invoices as rows.

`repository` writes what collection brings, `queries` reads, `records` turns rows into contracts; `drafts` makes the
rows of a new invoice, `locks` changes an invoice's status.
"""
