"""Offers as rows.

`repository` writes and reads, `records` shows.
"""
