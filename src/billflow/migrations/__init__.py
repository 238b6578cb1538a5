"""How the database came to its shape: Alembic revisions, shipped with the package."""
