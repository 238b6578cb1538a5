"""The mail log.

`repository` keeps what was written to customers.
"""
