"""${message[0].upper() + message[1:]}."""

from billflow.store.migrations.ddl import run_sql

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    ${upgrades if upgrades else "run_sql()"}


def downgrade() -> None:
    """Take the change back."""
    ${downgrades if downgrades else "run_sql()"}
