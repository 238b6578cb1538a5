"""Links into the portal open in frames of pages of an origin."""

from billflow.migrations.ddl import run_sql

revision = "0050"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the origin."""
    run_sql("ALTER TABLE portal_link ADD COLUMN origin text")


def downgrade() -> None:
    """Take it away, and the links that open in frames."""
    run_sql(
        "ALTER TABLE portal_link NO FORCE ROW LEVEL SECURITY",
        "DELETE FROM portal_link WHERE origin IS NOT NULL",
        "ALTER TABLE portal_link FORCE ROW LEVEL SECURITY",
        "ALTER TABLE portal_link DROP COLUMN origin",
    )
