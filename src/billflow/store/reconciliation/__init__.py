"""Reconciliation as rows.

`repository` keeps runs and findings.
"""
