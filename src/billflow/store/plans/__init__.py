"""Plans as rows.

`repository` writes steps; `queries` reads; `facts` loads what a step starts from, `outcome` writes what it decided.
"""
