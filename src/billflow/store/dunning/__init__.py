"""Dunning as rows.

`repository` keeps policies and what they did.
"""
