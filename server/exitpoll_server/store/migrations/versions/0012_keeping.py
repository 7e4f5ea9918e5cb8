"""What a product keeps: more that is left out, keys, the policy, how long, and who was let go."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add columns and tables; every product keeps its key, and forgets nobody."""
    op.add_column("exclusions", sa.Column("installation_uuid", sa.Uuid(), nullable=True))
    op.add_column("exclusions", sa.Column("version", sa.String(), nullable=True))
    for column in (
        sa.Column("first_key", sa.String(), nullable=True),
        sa.Column("collection", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("survey", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("interval_hours", sa.Integer(), nullable=False, server_default="24"),
        sa.Column("resend_since", sa.Integer(), nullable=True),
        sa.Column("move_to", sa.String(), nullable=True),
        sa.Column("retention_days", sa.Integer(), nullable=True),
    ):
        op.add_column("products", column)
    op.create_table(
        "product_keys",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("product_id", NUMBER, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_heard_day", sa.Integer(), nullable=True),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_product_keys_product_id")
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_product_keys")),
    )
    op.create_index(op.f("ix_product_keys_product_id"), "product_keys", ["product_id"])
    op.execute(
        "INSERT INTO product_keys (key, product_id, created_at) "
        "SELECT key, id, created_at FROM products"
    )
    op.create_table(
        "expired",
        sa.Column("product_id", NUMBER, nullable=False),
        sa.Column("installations", sa.Integer(), nullable=False),
        sa.Column("uninstalls", sa.Integer(), nullable=False),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_expired_product_id")
        ),
        sa.PrimaryKeyConstraint("product_id", name=op.f("pk_expired")),
    )
    op.create_table(
        "declared",
        sa.Column("product_id", NUMBER, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("meaning", sa.String(), nullable=False),
        sa.Column("is_personal", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_declared_product_id")
        ),
        sa.PrimaryKeyConstraint("product_id", "kind", "name", name=op.f("pk_declared")),
    )
