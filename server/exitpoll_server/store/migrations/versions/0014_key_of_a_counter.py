"""With which key each copy's agent last spoke; until now all that came count as with the first."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("counters", sa.Column("product_key", sa.String(), nullable=True))
