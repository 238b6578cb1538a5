"""What is taken back of invoices.

`repository` writes refunds, credit notes and voids; `credits` and `balance` keep what is owed; `records` shows it.
"""
