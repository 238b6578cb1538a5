"""What is taken back of invoices.

`repository` writes refunds, credit notes and voids, `records` turns rows into contracts; `drafts`, `results` and
`foreign` are a refund or credit note before Stripe answers, its result, and what was made at Stripe; `credits` and
`balance` are what is owed to customers.
"""
