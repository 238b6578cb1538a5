"""Open the database file and run transactions on its one connection."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stripe_emulator.storage.tables import SCHEMA, TABLES

LOCK_TIMEOUT = 1.0


class Database:
    """One SQLite connection in WAL mode; `path` None keeps everything in memory.

    WAL with `synchronous=NORMAL` survives a killed process, which is the crash this server is about. The file
    belongs to one process at a time, and only its owner may read it; raises sqlite3.DatabaseError when another has
    it, or when it is no database.
    """

    def __init__(self, path: Path | None) -> None:
        if path is not None:
            # SQLite gives the files beside it the same rights.
            path.touch(mode=0o600)
            path.chmod(0o600)
        self.connection = sqlite3.connect(
            path or ":memory:", isolation_level=None, check_same_thread=False, timeout=LOCK_TIMEOUT
        )
        self.connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=NORMAL")
        self.connection.execute("PRAGMA cache_size=-64000")
        self.connection.executescript(SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what the block did, or roll all of it back when it raises."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def execute(self, sql: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        """Run one statement."""
        return self.connection.execute(sql, values)

    def setting(self, name: str, default: Any = None) -> Any:
        """Return a stored setting, JSON decoded."""
        row = self.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return default if row is None else json.loads(row[0])

    def set_setting(self, name: str, value: Any) -> None:
        """Store a setting as JSON."""
        self.execute("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", (name, json.dumps(value)))

    def clear(self) -> None:
        """Forget every object, record, delivery and due task, but keep the settings."""
        with self.transaction():
            for table in TABLES:
                self.execute(f"DELETE FROM {table}")  # noqa: S608 - names from a constant

    def close(self) -> None:
        """Close the file; the write-ahead log is folded into it."""
        self.connection.close()
