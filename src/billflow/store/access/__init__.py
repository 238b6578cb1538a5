"""Who uses billflow, and who may call its API, as rows.

`organizations` are the tenants, `sellers` who they are on invoices, `api_keys` their keys, `idempotency` what requests
that write were answered.
"""
