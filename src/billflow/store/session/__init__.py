"""Transactions on PostgreSQL, and what all packages of `store` share.

`database` opens them, `repositories` makes what writes and reads, `mapper` turns rows into records, `paging`, `filters`
and `row_counts` make lists.
"""
