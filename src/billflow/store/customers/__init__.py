"""Customers and what belongs to them, as rows.

`repository` writes, `queries` reads, `records` shows; one module for each resource.
"""
