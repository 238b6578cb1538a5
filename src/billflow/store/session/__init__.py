"""The way to PostgreSQL: engine and unit of work, lists in parts, ids.

`database` opens transactions; `paging`, `sequences` and `totals` cut lists; `id_lookup` finds rows by id.
"""
