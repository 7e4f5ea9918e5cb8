"""What every message wrote onto its installation, and nothing read: the counters keep it."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop the columns."""
    op.drop_column("installations", "last_received_at")
    op.drop_column("installations", "clock_offset")
