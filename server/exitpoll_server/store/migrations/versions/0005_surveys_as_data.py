"""Surveys as data, with what else may be answered; logos; an anonymous count of who was erased."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_NEW: dict[str, list[sa.Column[Any]]] = {
    "showings": [
        sa.Column("held_out", sa.Boolean(), nullable=True),
        sa.Column("offer", sa.String(), nullable=True),
        sa.Column("offered_at", sa.BigInteger(), nullable=True),
        sa.Column("offer_taken_at", sa.BigInteger(), nullable=True),
    ],
    "answers": [
        sa.Column("follow_up", sa.Text(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
    ],
    "uninstalls": [sa.Column("only_updating_at", sa.BigInteger(), nullable=True)],
    "feedback": [
        sa.Column("survey", sa.String(), nullable=False, server_default="feedback"),
        sa.Column("survey_version", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("reasons", sa.JSON(), nullable=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("score", sa.SmallInteger(), nullable=True),
        sa.Column("follow_up", sa.Text(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
    ],
}


def upgrade() -> None:
    """Create the tables, and add the columns."""
    op.create_table(
        "surveys",
        sa.Column("product_id", _NUMBER, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_surveys_product_id")
        ),
        sa.PrimaryKeyConstraint("product_id", "kind", "version", name=op.f("pk_surveys")),
    )
    op.create_table(
        "logos",
        sa.Column("product_id", _NUMBER, nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_logos_product_id")),
        sa.PrimaryKeyConstraint("product_id", name=op.f("pk_logos")),
    )
    op.create_table(
        "erased",
        sa.Column("product_id", _NUMBER, nullable=False),
        sa.Column("installations", sa.Integer(), nullable=False),
        sa.Column("uninstalls", sa.Integer(), nullable=False),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_erased_product_id")),
        sa.PrimaryKeyConstraint("product_id", name=op.f("pk_erased")),
    )
    for table, columns in _NEW.items():
        for column in columns:
            op.add_column(table, column)
