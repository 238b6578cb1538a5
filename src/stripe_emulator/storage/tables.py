"""The tables of the database file."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    account TEXT NOT NULL,
    created INTEGER NOT NULL,
    written REAL NOT NULL,
    customer TEXT,
    invoice TEXT,
    payment_intent TEXT,
    status TEXT,
    email TEXT,
    deleted INTEGER NOT NULL DEFAULT 0,
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS objects_list ON objects (account, kind, created, seq);
CREATE INDEX IF NOT EXISTS objects_customer ON objects (account, kind, customer, created, seq)
    WHERE customer IS NOT NULL;
CREATE INDEX IF NOT EXISTS objects_invoice ON objects (account, kind, invoice, created, seq) WHERE invoice IS NOT NULL;
CREATE INDEX IF NOT EXISTS objects_intent ON objects (account, kind, payment_intent, created, seq)
    WHERE payment_intent IS NOT NULL;
CREATE INDEX IF NOT EXISTS objects_status ON objects (account, kind, status, created, seq) WHERE status IS NOT NULL;
CREATE INDEX IF NOT EXISTS objects_email ON objects (account, kind, email, created, seq) WHERE email IS NOT NULL;

CREATE TABLE IF NOT EXISTS idempotency (
    account TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    request_id TEXT NOT NULL,
    created REAL NOT NULL,
    status INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (account, key)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    event TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    account TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at REAL,
    first_at REAL NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending',
    last_status INTEGER,
    last_error TEXT
);
CREATE INDEX IF NOT EXISTS deliveries_next ON deliveries (next_at) WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS deliveries_event ON deliveries (event);

CREATE TABLE IF NOT EXISTS due (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    task TEXT NOT NULL,
    object TEXT NOT NULL,
    account TEXT NOT NULL,
    test_clock TEXT
);
CREATE INDEX IF NOT EXISTS due_at ON due (test_clock, at);

CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""

TABLES = ("objects", "idempotency", "deliveries", "due")
