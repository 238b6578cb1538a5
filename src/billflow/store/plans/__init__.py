"""Plans as rows.

`repository` takes steps, `queries` reads, `records` turns rows into contracts. Of a step, `facts` (for the first one
`start`) loads what it starts from, `outcome` writes what it decided, and `step` ends it.
"""
