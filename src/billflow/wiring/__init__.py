"""The composition root: the only package that knows every concrete class.

`store` is what needs the billing database, `engine` adds Temporal and Stripe; `api` builds the API of one process,
`workers` its workers. A module is imported by who needs it, so that a command starts in a blink.
"""
