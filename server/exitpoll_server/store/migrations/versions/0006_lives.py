"""What reports read, summed up by installation; what health goes by."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table, and add the settings."""
    op.create_table(
        "lives",
        sa.Column("installation_id", _NUMBER, nullable=False),
        sa.Column("product_id", _NUMBER, nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["installation_id"], ["installations.id"], name=op.f("fk_lives_installation_id")
        ),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_lives_product_id")),
        sa.PrimaryKeyConstraint("installation_id", name=op.f("pk_lives")),
    )
    op.create_index(op.f("ix_lives_product_id"), "lives", ["product_id"])
    op.create_table(
        "terms",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("product_id", _NUMBER, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_terms_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_terms")),
        sa.UniqueConstraint("product_id", "name", name=op.f("uq_terms_product_id_name")),
    )
    op.add_column(
        "products", sa.Column("window_days", sa.Integer(), server_default="28", nullable=False)
    )
    op.add_column(
        "products", sa.Column("good_days", sa.Integer(), server_default="8", nullable=False)
    )
    op.add_column("products", sa.Column("success_milestone", sa.String(), nullable=True))
