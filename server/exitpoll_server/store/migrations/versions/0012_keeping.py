"""Exclusions of one copy and of a version."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0009"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add columns and tables."""
    op.add_column("exclusions", sa.Column("installation_uuid", sa.Uuid(), nullable=True))
    op.add_column("exclusions", sa.Column("version", sa.String(), nullable=True))
