"""Those who asked to be answered, what they were answered, and on which days somebody does."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables, and what finds those who left an address."""
    op.create_table(
        "letters",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("uninstall_id", NUMBER, nullable=True),
        sa.Column("feedback_id", NUMBER, nullable=True),
        sa.Column("put_off_until", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["uninstall_id"], ["uninstalls.id"], name=op.f("fk_letters_uninstall_id")
        ),
        sa.ForeignKeyConstraint(
            ["feedback_id"], ["feedback.id"], name=op.f("fk_letters_feedback_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letters")),
        sa.UniqueConstraint("uninstall_id", name=op.f("uq_letters_uninstall_id")),
        sa.UniqueConstraint("feedback_id", name=op.f("uq_letters_feedback_id")),
    )
    op.create_table(
        "replies",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("letter_id", NUMBER, nullable=False),
        sa.Column("replied_at", sa.BigInteger(), nullable=False),
        sa.Column("account_id", NUMBER, nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("is_sent", sa.Boolean(), nullable=False),
        sa.Column("theme_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["letter_id"], ["letters.id"], name=op.f("fk_replies_letter_id")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_replies_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replies")),
    )
    op.create_index(op.f("ix_replies_letter_id"), "replies", ["letter_id"])
    op.create_table(
        "prepared",
        sa.Column("product_id", NUMBER, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_prepared_product_id")
        ),
        sa.PrimaryKeyConstraint("product_id", "reason", name=op.f("pk_prepared")),
    )
    op.create_table(
        "calendars",
        sa.Column("product_id", NUMBER, nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("weekdays", sa.JSON(), nullable=False),
        sa.Column("holidays", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_calendars_product_id")
        ),
        sa.PrimaryKeyConstraint("product_id", name=op.f("pk_calendars")),
    )
    for table, column in (("answers", "uninstall_id"), ("feedback", "product_id")):
        op.create_index(
            f"ix_{table}_with_email",
            table,
            [column],
            sqlite_where=sa.text("email IS NOT NULL"),
            postgresql_where=sa.text("email IS NOT NULL"),
        )
