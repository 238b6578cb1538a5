"""SQLite below everything: objects, idempotency records, deliveries and due work in one file, one writer."""
