"""Mail and webhooks: who wants them, what is to be sent and was, and who sends it."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "leases",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "subscriptions",
        sa.Column("account_id", NUMBER, nullable=False),
        sa.Column("product_id", NUMBER, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        *_of("subscriptions", "accounts", "products"),
        sa.PrimaryKeyConstraint("account_id", "product_id", "kind", name=op.f("pk_subscriptions")),
    )
    op.create_table(
        "mails",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("account_id", NUMBER, nullable=False),
        sa.Column("product_id", NUMBER, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("about", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        *_of("mails", "accounts", "products"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
        sa.UniqueConstraint(
            "account_id",
            "product_id",
            "kind",
            "subject",
            name=op.f("uq_mails_account_id_product_id_kind_subject"),
        ),
    )
    op.create_index(op.f("ix_mails_next_at"), "mails", ["next_at"])
    op.create_table(
        "webhooks",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("product_id", NUMBER, nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("uninstalls_to", sa.BigInteger(), nullable=False),
        sa.Column("answers_to", sa.BigInteger(), nullable=False),
        *_of("webhooks", "products"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_index(op.f("ix_webhooks_product_id"), "webhooks", ["product_id"])
    op.create_table(
        "deliveries",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("webhook_id", NUMBER, nullable=False),
        sa.Column("product_id", NUMBER, nullable=False),
        sa.Column("installation_uuid", sa.Uuid(), nullable=True),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        *_of("deliveries", "webhooks", "products"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("message", name=op.f("uq_deliveries_message")),
    )
    op.create_index(op.f("ix_deliveries_webhook_id"), "deliveries", ["webhook_id"])
    op.create_index(op.f("ix_deliveries_next_at"), "deliveries", ["next_at"])
    op.create_index(
        op.f("ix_deliveries_product_id_installation_uuid"),
        "deliveries",
        ["product_id", "installation_uuid"],
    )
    op.create_table(
        "noticed",
        sa.Column("product_id", NUMBER, nullable=False),
        sa.Column("stamp", sa.Integer(), nullable=False),
        sa.Column("alarms", sa.JSON(), nullable=False),
        sa.Column("good", sa.Integer(), nullable=True),
        sa.Column("seen", sa.Integer(), nullable=True),
        *_of("noticed", "products"),
        sa.PrimaryKeyConstraint("product_id", name=op.f("pk_noticed")),
    )


def _of(table: str, *parents: str) -> list[sa.ForeignKeyConstraint]:
    names = [f"{parent[:-1]}_id" for parent in parents]
    return [
        sa.ForeignKeyConstraint([name], [f"{parent}.id"], name=op.f(f"fk_{table}_{name}"))
        for name, parent in zip(names, parents, strict=True)
    ]
