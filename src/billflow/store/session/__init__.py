"""Transactions on PostgreSQL, and what all packages of `store` share.

`database` opens them, `repositories` makes what writes and reads, `rows` finds, writes and maps rows; `paging`,
`filters` and `row_counts` make lists.
"""
