"""PostgreSQL: one package for each noun, and `session`, which opens transactions.

In each, `repository` writes, `queries` reads, `records` turns rows into contracts.
"""
