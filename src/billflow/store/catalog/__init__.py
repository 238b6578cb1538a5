"""What an organization sells, in versions.

`repository` applies and lists them, `records` reads the newest within other transactions.
"""
