"""Plans as rows.

`repository` takes steps, `queries` reads, `records` turns rows into contracts. Of a step, `facts` (for the first one
`start`) loads what it starts from, `outcome` writes what it decided, and `step` ends it. `catalog` keeps what is sold,
in versions, and `catalog_records` reads the newest within any transaction.
"""
