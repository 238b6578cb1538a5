"""Invoices as rows.

`drafts` writes them, `collection` keeps how they are collected, `records` shows them.
"""
