"""Reconciliation as rows.

`repository` reads what is compared, and writes runs and findings.
"""
