"""The first tables, with what no later version could add: receipts, history, showings."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "products",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("stopped_after_days", sa.Integer(), nullable=False),
        sa.Column("trial_days", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
        sa.UniqueConstraint("key", name=op.f("uq_products_key")),
        sa.UniqueConstraint("name", name=op.f("uq_products_name")),
    )
    op.create_table(
        "secrets",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_secrets")),
    )
    op.create_table(
        "installations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.Column("first_received_at", sa.BigInteger(), nullable=False),
        sa.Column("last_received_at", sa.BigInteger(), nullable=False),
        sa.Column("consent", sa.String(), nullable=True),
        sa.Column("censored_at", sa.BigInteger(), nullable=True),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("installed_at", sa.BigInteger(), nullable=True),
        sa.Column("installed_instant", sa.BigInteger(), nullable=True),
        sa.Column("installed_version", sa.String(), nullable=True),
        sa.Column("counted_since", sa.BigInteger(), nullable=True),
        sa.Column("first_row_instant", sa.BigInteger(), nullable=True),
        sa.Column("clock_offset", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.String(), nullable=True),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("edition", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("os", sa.String(), nullable=True),
        sa.Column("arch", sa.String(), nullable=True),
        sa.Column("locale", sa.String(), nullable=True),
        sa.Column("agent", sa.String(), nullable=True),
        sa.Column("customer", sa.String(), nullable=True),
        sa.Column("attributes", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_installations_product_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installations")),
        sa.UniqueConstraint(
            "product_id", "uuid", "test", name=op.f("uq_installations_product_id_uuid_test")
        ),
    )
    with op.batch_alter_table("installations", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_installations_product_id_customer"),
            ["product_id", "customer"],
            unique=False,
        )

    op.create_table(
        "tombstones",
        sa.Column(
            "product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_tombstones_product_id")
        ),
        sa.PrimaryKeyConstraint("product_id", "uuid", name=op.f("pk_tombstones")),
    )
    op.create_table(
        "versions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_versions_product_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_versions")),
        sa.UniqueConstraint("product_id", "name", name=op.f("uq_versions_product_id_name")),
    )
    op.create_table(
        "counters",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "installation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("first_received_at", sa.BigInteger(), nullable=False),
        sa.Column("last_received_at", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("ping_seq", sa.BigInteger(), nullable=True),
        sa.Column("ping_sent_at", sa.BigInteger(), nullable=True),
        sa.Column("clock_offset", sa.BigInteger(), nullable=True),
        sa.Column("counted_since", sa.BigInteger(), nullable=True),
        sa.Column("launches_total", sa.BigInteger(), nullable=True),
        sa.Column("first_launch_day", sa.Integer(), nullable=True),
        sa.Column("last_launch_day", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["installation_id"], ["installations.id"], name=op.f("fk_counters_installation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counters")),
        sa.UniqueConstraint(
            "installation_id", "uuid", name=op.f("uq_counters_installation_id_uuid")
        ),
    )
    op.create_table(
        "milestones",
        sa.Column(
            "installation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("first_received_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["installation_id"], ["installations.id"], name=op.f("fk_milestones_installation_id")
        ),
        sa.PrimaryKeyConstraint("installation_id", "name", name=op.f("pk_milestones")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "history",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "installation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "counter_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.String(), nullable=True),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("edition", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("os", sa.String(), nullable=True),
        sa.Column("arch", sa.String(), nullable=True),
        sa.Column("locale", sa.String(), nullable=True),
        sa.Column("agent", sa.String(), nullable=True),
        sa.Column("customer", sa.String(), nullable=True),
        sa.Column("attributes", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["counter_id"], ["counters.id"], name=op.f("fk_history_counter_id")
        ),
        sa.ForeignKeyConstraint(
            ["installation_id"], ["installations.id"], name=op.f("fk_history_installation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_history")),
    )
    with op.batch_alter_table("history", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_history_installation_id"), ["installation_id"], unique=False
        )

    op.create_table(
        "launches",
        sa.Column(
            "installation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "counter_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("launches", sa.Integer(), nullable=False),
        sa.Column("dated", sa.SmallInteger(), nullable=False),
        sa.Column("first_received_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["counter_id"], ["counters.id"], name=op.f("fk_launches_counter_id")
        ),
        sa.ForeignKeyConstraint(
            ["installation_id"], ["installations.id"], name=op.f("fk_launches_installation_id")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["versions.id"], name=op.f("fk_launches_version_id")
        ),
        sa.PrimaryKeyConstraint(
            "installation_id", "day", "counter_id", "version_id", name=op.f("pk_launches")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "uninstalls",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "installation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("first_received_at", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("instant", sa.BigInteger(), nullable=False),
        sa.Column("clock_offset", sa.BigInteger(), nullable=True),
        sa.Column(
            "counter_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("consent", sa.String(), nullable=True),
        sa.Column("context", sa.String(), nullable=False),
        sa.Column("asked", sa.String(), nullable=False),
        sa.Column("not_asked", sa.String(), nullable=True),
        sa.Column("scope", sa.String(), nullable=True),
        sa.Column("tenure_step", sa.Integer(), nullable=True),
        sa.Column("launches_step", sa.Integer(), nullable=True),
        sa.Column("launches", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.String(), nullable=True),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("edition", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("os", sa.String(), nullable=True),
        sa.Column("arch", sa.String(), nullable=True),
        sa.Column("locale", sa.String(), nullable=True),
        sa.Column("agent", sa.String(), nullable=True),
        sa.Column("customer", sa.String(), nullable=True),
        sa.Column("attributes", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["counter_id"], ["counters.id"], name=op.f("fk_uninstalls_counter_id")
        ),
        sa.ForeignKeyConstraint(
            ["installation_id"], ["installations.id"], name=op.f("fk_uninstalls_installation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uninstalls")),
        sa.UniqueConstraint(
            "installation_id", "uuid", name=op.f("uq_uninstalls_installation_id_uuid")
        ),
    )
    op.create_table(
        "receipts",
        sa.Column(
            "uninstall_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("first_received_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["uninstall_id"], ["uninstalls.id"], name=op.f("fk_receipts_uninstall_id")
        ),
        sa.PrimaryKeyConstraint("uninstall_id", "channel", name=op.f("pk_receipts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "showings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "uninstall_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("survey", sa.String(), nullable=False),
        sa.Column("survey_version", sa.Integer(), nullable=False),
        sa.Column("locale", sa.String(), nullable=True),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("shown_at", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["uninstall_id"], ["uninstalls.id"], name=op.f("fk_showings_uninstall_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_showings")),
        sa.UniqueConstraint(
            "uninstall_id",
            "survey",
            "survey_version",
            name=op.f("uq_showings_uninstall_id_survey_survey_version"),
        ),
    )
    op.create_table(
        "answers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "installation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "uninstall_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "showing_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("score", sa.SmallInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["installation_id"], ["installations.id"], name=op.f("fk_answers_installation_id")
        ),
        sa.ForeignKeyConstraint(
            ["showing_id"], ["showings.id"], name=op.f("fk_answers_showing_id")
        ),
        sa.ForeignKeyConstraint(
            ["uninstall_id"], ["uninstalls.id"], name=op.f("fk_answers_uninstall_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answers")),
    )
    with op.batch_alter_table("answers", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_answers_installation_id"), ["installation_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_answers_uninstall_id"), ["uninstall_id"], unique=False)
