"""Customers and what belongs to them, as rows.

`repository` writes customers and `records` shows them; `resources` is what contacts, billing accounts, projects and
channels have in common, one module each. `transactions` loads and locks, `status` suspends and closes.
"""
