"""Who may call the API, as rows.

`organizations` are the tenants, `api_keys` their keys, `idempotency` what requests that write were answered.
"""
