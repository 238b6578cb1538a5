"""Who did what, as rows.

`recorder` writes audit log and events, `queries` reads and verifies; `personal_data` seals, `erasure` erases,
`archive` and `retention` remove by age.
"""
