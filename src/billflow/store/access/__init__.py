"""Who may call the API, as rows.

`api_keys` keeps keys, `idempotency` what writes were answered.
"""
