"""The rules that every resource shares: units of work, time, ids, money, idempotent execution."""
