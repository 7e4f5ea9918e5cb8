"""The tables. Instants are milliseconds since 1970 UTC, days are days since 1970-01-01.

Two clocks stand side by side: what the agent said (`*_at` from the message) and when we heard
it (`*received_at`). What the agent said is never rewritten; where its clock was off, the
instant as it is *read* stands in a column of its own (`*_instant`).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
    true,
)
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite gives a row its id by itself only where the column is declared INTEGER.
Id = BigInteger().with_variant(Integer(), "sqlite")

FACTS: dict[str, TypeEngine[Any]] = {
    "version": String(),
    "channel": String(),
    "edition": String(),
    "source": String(),
    "os": String(),
    "arch": String(),
    "locale": String(),
    "agent": String(),
    "customer": String(),
    "attributes": JSON(none_as_null=True),
}
"""What may change while an installation lives: kept as history, copied onto its uninstall."""


def _with_email(table: str, column: str) -> Index:
    """Return what finds the few who left an address."""
    given = text("email IS NOT NULL")
    name = f"ix_{table}_with_email"
    return Index(name, column, sqlite_where=given, postgresql_where=given)


def _facts() -> list[Column[Any]]:
    return [Column(name, kind) for name, kind in FACTS.items()]


products = Table(
    "products",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("key", String, nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("stopped_after_days", Integer, nullable=False),
    Column("trial_days", Integer),
    # Health (FIGURES 6): so many days are looked at, and so many of use make it good.
    Column("window_days", Integer, nullable=False, server_default="28"),
    Column("good_days", Integer, nullable=False, server_default="8"),
    Column("success_milestone", String),
    # What `key` was at first, once it is another one: what people's machines keep goes by it.
    Column("first_key", String),
    # What every agent is asked for (wire.Policy).
    Column("collection", Boolean, nullable=False, server_default=true()),
    Column("survey", Boolean, nullable=False, server_default=true()),
    Column("interval_hours", Integer, nullable=False, server_default="24"),
    Column("resend_since", Integer),
    Column("move_to", String),
    # Null: until somebody deletes it.
    Column("retention_days", Integer),
)

# Every key that a product ever had; what was bundled with one speaks with it for good.
product_keys = Table(
    "product_keys",
    metadata,
    Column("key", String, primary_key=True),
    Column("product_id", ForeignKey("products.id"), nullable=False, index=True),
    Column("created_at", BigInteger, nullable=False),
    Column("last_heard_day", Integer),
    Column("retired_at", BigInteger),
)

secrets = Table(
    "secrets",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)

versions = Table(
    "versions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("product_id", ForeignKey("products.id"), nullable=False),
    Column("name", String, nullable=False),
    # Null where it was known before this was kept.
    Column("first_received_at", BigInteger),
    UniqueConstraint("product_id", "name"),
)

# What the vendor leaves out of reports: by when it was first received, both ends in our time; or
# one copy, or a version: then the two ends are alike, and hold nobody.
exclusions = Table(
    "exclusions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("product_id", ForeignKey("products.id"), nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("from_at", BigInteger, nullable=False),
    Column("to_at", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("note", String),
    Column("lifted_at", BigInteger),
    # No reference: a copy may be left out before it is heard of.
    Column("installation_uuid", Uuid),
    Column("version", String),
)

installations = Table(
    "installations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("product_id", ForeignKey("products.id"), nullable=False),
    Column("uuid", Uuid, nullable=False),
    # A rehearsal may use the real id: it is another installation, and never counts.
    Column("test", Boolean, nullable=False),
    Column("first_received_at", BigInteger, nullable=False),
    Column("consent", String),
    Column("censored_at", BigInteger),
    Column("origin", String, nullable=False),
    Column("installed_at", BigInteger),
    Column("installed_instant", BigInteger),
    Column("installed_version", String),
    Column("counted_since", BigInteger),
    # The instant of the earliest day row: where nobody knows the install, life starts here.
    Column("first_row_instant", BigInteger),
    *_facts(),
    UniqueConstraint("product_id", "uuid", "test"),
    Index(None, "product_id", "customer"),
)

history = Table(
    "history",
    metadata,
    Column("id", Id, primary_key=True),
    Column("installation_id", ForeignKey("installations.id"), nullable=False, index=True),
    Column("counter_id", ForeignKey("counters.id")),
    Column("seq", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    *_facts(),
)

counters = Table(
    "counters",
    metadata,
    Column("id", Id, primary_key=True),
    Column("installation_id", ForeignKey("installations.id"), nullable=False),
    Column("uuid", Uuid, nullable=False),
    Column("first_received_at", BigInteger, nullable=False),
    Column("last_received_at", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    # The last ping, for telling whether an uninstall was withdrawn.
    Column("ping_seq", BigInteger),
    Column("ping_sent_at", BigInteger),
    Column("clock_offset", BigInteger),
    Column("counted_since", BigInteger),
    # What the agent itself says; null where it said nothing and only rows are known.
    Column("launches_total", BigInteger),
    Column("first_launch_day", Integer),
    Column("last_launch_day", Integer),
    # What its agent last spoke with; null for the product's first key, which nearly all have.
    Column("product_key", String),
    UniqueConstraint("installation_id", "uuid"),
)

# The primary key is the order in which an installation's life is read.
launches = Table(
    "launches",
    metadata,
    Column("installation_id", ForeignKey("installations.id"), primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("counter_id", ForeignKey("counters.id"), primary_key=True),
    Column("version_id", ForeignKey("versions.id"), primary_key=True),
    Column("launches", Integer, nullable=False),
    # 0: the label makes no sense (before 2000, after tomorrow); counts as launches, not as a day.
    Column("dated", SmallInteger, nullable=False),
    Column("first_received_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

milestones = Table(
    "milestones",
    metadata,
    Column("installation_id", ForeignKey("installations.id"), primary_key=True),
    Column("name", String, primary_key=True),
    Column("day", Integer, nullable=False),
    Column("first_received_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

uninstalls = Table(
    "uninstalls",
    metadata,
    Column("id", Id, primary_key=True),
    Column("installation_id", ForeignKey("installations.id"), nullable=False),
    Column("uuid", Uuid, nullable=False),
    Column("first_received_at", BigInteger, nullable=False),
    Column("withdrawn_at", BigInteger),
    Column("occurred_at", BigInteger, nullable=False),
    Column("instant", BigInteger, nullable=False),
    Column("clock_offset", BigInteger),
    Column("counter_id", ForeignKey("counters.id")),
    Column("seq", BigInteger),
    Column("consent", String),
    Column("context", String, nullable=False),
    Column("asked", String, nullable=False),
    Column("not_asked", String),
    Column("scope", String),
    Column("tenure_step", Integer),
    Column("launches_step", Integer),
    # As counted when it was first heard of; null where launches may still be imported.
    Column("launches", BigInteger),
    # When the person said that this was no leaving: nothing later lets it stand again.
    Column("only_updating_at", BigInteger),
    *_facts(),
    UniqueConstraint("installation_id", "uuid"),
)

receipts = Table(
    "receipts",
    metadata,
    Column("uninstall_id", ForeignKey("uninstalls.id"), primary_key=True),
    Column("channel", String, primary_key=True),
    Column("first_received_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

showings = Table(
    "showings",
    metadata,
    Column("id", Id, primary_key=True),
    Column("uninstall_id", ForeignKey("uninstalls.id"), nullable=False),
    Column("survey", String, nullable=False),
    Column("survey_version", Integer, nullable=False),
    Column("locale", String),
    Column("reasons", JSON, nullable=False),
    Column("shown_at", BigInteger, nullable=False),
    Column("opened_at", BigInteger),
    # Chosen at random when it was first shown, whether or not there is an offer to see.
    Column("held_out", Boolean),
    # The reason whose offer was seen.
    Column("offer", String),
    Column("offered_at", BigInteger),
    Column("offer_taken_at", BigInteger),
    UniqueConstraint("uninstall_id", "survey", "survey_version"),
)

# Append only: what a person answered first is kept beside what they answered last.
answers = Table(
    "answers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("installation_id", ForeignKey("installations.id"), nullable=False, index=True),
    # Null for an imported answer: it belongs to whichever uninstall of that time stands.
    Column("uninstall_id", ForeignKey("uninstalls.id"), index=True),
    Column("showing_id", ForeignKey("showings.id")),
    Column("channel", String, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("reason", String),
    Column("comment", Text),
    Column("score", SmallInteger),
    Column("follow_up", Text),
    # Given to be answered, with consent said in so many words; never otherwise.
    Column("email", String),
    _with_email("answers", "uninstall_id"),
)

# What a vendor asks. Each version stays: answers were given to one of them.
surveys = Table(
    "surveys",
    metadata,
    Column("product_id", ForeignKey("products.id"), primary_key=True),
    Column("kind", String, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("definition", JSON, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

logos = Table(
    "logos",
    metadata,
    Column("product_id", ForeignKey("products.id"), primary_key=True),
    Column("content_type", String, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

# The frozen agents that kits carry, one a platform.
agents = Table(
    "agents",
    metadata,
    Column("platform", String, primary_key=True),
    Column("version", String, nullable=False),
    Column("sha256", String, nullable=False),
    Column("added_at", BigInteger, nullable=False),
    Column("archive", LargeBinary, nullable=False),
)

# Words that the vendor gathers comments by; of no copy, and so no erasure reads it.
themes = Table(
    "themes",
    metadata,
    Column("id", Id, primary_key=True),
    Column("product_id", ForeignKey("products.id"), nullable=False, index=True),
    Column("name", String, nullable=False),
    Column("words", JSON, nullable=False),
    Column("decision", String),
    Column("decided_at", BigInteger),
    Column("note", String),
    # No reference: a later theme may be meant, and rows are copied in their order.
    Column("merged_into", BigInteger),
)

# What people say while the product is in use: a row a page that was opened. No uninstall, and in no
# figure.
feedback = Table(
    "feedback",
    metadata,
    Column("id", Id, primary_key=True),
    Column("product_id", ForeignKey("products.id"), nullable=False),
    # Names the page in its address; random, so that the address says nothing of the copy.
    Column("uuid", Uuid, nullable=False, unique=True),
    # No reference: of whoever refused everything else nothing but this is known.
    Column("installation_uuid", Uuid),
    Column("version", String),
    Column("locale", String),
    Column("shown_at", BigInteger, nullable=False),
    Column("survey", String, nullable=False, server_default="feedback"),
    Column("survey_version", Integer, nullable=False, server_default="1"),
    Column("reasons", JSON(none_as_null=True)),
    Column("opened_at", BigInteger),
    # Each is written once.
    Column("reason", String),
    Column("score", SmallInteger),
    Column("follow_up", Text),
    Column("comment", Text),
    Column("email", String),
    Column("received_at", BigInteger),
    Index(None, "product_id", "installation_uuid"),
    _with_email("feedback", "product_id"),
)

# What a report reads of an installation, summed up; made anew whenever it is not there.
lives = Table(
    "lives",
    metadata,
    Column("installation_id", ForeignKey("installations.id"), primary_key=True),
    Column("product_id", ForeignKey("products.id"), nullable=False, index=True),
    Column("record", LargeBinary, nullable=False),
    Column("attributes", Text),
)

# The texts that lives have in common: no life holds another.
terms = Table(
    "terms",
    metadata,
    Column("id", Id, primary_key=True),
    Column("product_id", ForeignKey("products.id"), nullable=False),
    Column("name", String, nullable=False),
    UniqueConstraint("product_id", "name"),
)

# How many were erased, of whom nothing else is known: what is counted adds up all the same.
erased = Table(
    "erased",
    metadata,
    Column("product_id", ForeignKey("products.id"), primary_key=True),
    Column("installations", Integer, nullable=False),
    Column("uninstalls", Integer, nullable=False),
    Column("answered", Integer, nullable=False),
)

# The same of those whose time was up.
expired = Table(
    "expired",
    metadata,
    Column("product_id", ForeignKey("products.id"), primary_key=True),
    Column("installations", Integer, nullable=False),
    Column("uninstalls", Integer, nullable=False),
    Column("answered", Integer, nullable=False),
)

# What the vendor says that milestones and attributes mean; of no copy.
declared = Table(
    "declared",
    metadata,
    Column("product_id", ForeignKey("products.id"), primary_key=True),
    Column("kind", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("meaning", String, nullable=False),
    Column("is_personal", Boolean, nullable=False),
)

tombstones = Table(
    "tombstones",
    metadata,
    Column("product_id", ForeignKey("products.id"), primary_key=True),
    Column("uuid", Uuid, primary_key=True),
    Column("erased_at", BigInteger, nullable=False),
)

# Who signs in at the console.
accounts = Table(
    "accounts",
    metadata,
    Column("id", Id, primary_key=True),
    # In lower case: mail reaches the same person however it is written.
    Column("email", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("password", String, nullable=False),
    # Changes with the password: whoever is signed in elsewhere is signed out.
    Column("stamp", String, nullable=False),
    Column("language", String),
    Column("administrator", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger),
    Column("closed_at", BigInteger),
)

# Who may do what with which product; administrators may do everything with all of them.
memberships = Table(
    "memberships",
    metadata,
    Column("account_id", ForeignKey("accounts.id"), primary_key=True),
    Column("product_id", ForeignKey("products.id"), primary_key=True),
    Column("role", String, nullable=False),
)

# Links that open the console once: the set-up, an invitation, a new password.
invitations = Table(
    "invitations",
    metadata,
    # SHA-256 of what stands in the link: whoever reads the database cannot open it.
    Column("digest", String, primary_key=True),
    Column("purpose", String, nullable=False),
    Column("email", String),
    Column("product_id", ForeignKey("products.id")),
    Column("role", String),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

# What programs read a product's figures and rows with.
tokens = Table(
    "tokens",
    metadata,
    Column("id", Id, primary_key=True),
    Column("product_id", ForeignKey("products.id"), nullable=False, index=True),
    Column("name", String, nullable=False),
    Column("digest", String, nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("used_day", Integer),
)

# Who changed what, and when; only ever added to.
audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", BigInteger, nullable=False),
    # Null where it was done at the command line, or by the server itself.
    Column("account_id", ForeignKey("accounts.id")),
    Column("product_id", ForeignKey("products.id")),
    Column("action", String, nullable=False),
    Column("about", JSON, nullable=False),
    Index(None, "product_id", "id"),
)

# Somebody who asked to be answered, once anything was done about it; until then it is new.
letters = Table(
    "letters",
    metadata,
    Column("id", Id, primary_key=True),
    Column("uninstall_id", ForeignKey("uninstalls.id"), unique=True),
    Column("feedback_id", ForeignKey("feedback.id"), unique=True),
    Column("put_off_until", BigInteger),
    Column("closed_at", BigInteger),
)

replies = Table(
    "replies",
    metadata,
    Column("id", Id, primary_key=True),
    Column("letter_id", ForeignKey("letters.id"), nullable=False, index=True),
    Column("replied_at", BigInteger, nullable=False),
    Column("account_id", ForeignKey("accounts.id")),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    # False: it was prepared here, and sent from somebody's own mail program.
    Column("is_sent", Boolean, nullable=False),
    # No reference: the theme that it tells of may be given up.
    Column("theme_id", BigInteger),
)

# What a reply begins with, by reason; the empty one is for all others.
prepared = Table(
    "prepared",
    metadata,
    Column("product_id", ForeignKey("products.id"), primary_key=True),
    Column("reason", String, primary_key=True),
    Column("text", Text, nullable=False),
)

calendars = Table(
    "calendars",
    metadata,
    Column("product_id", ForeignKey("products.id"), primary_key=True),
    Column("zone", String, nullable=False),
    Column("weekdays", JSON, nullable=False),
    Column("holidays", JSON, nullable=False),
)

# Who does a job that must be done once, and until when nobody else does.
leases = Table(
    "leases",
    metadata,
    Column("name", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("until", BigInteger, nullable=False),
)

# Who wants which mail of a product.
subscriptions = Table(
    "subscriptions",
    metadata,
    Column("account_id", ForeignKey("accounts.id"), primary_key=True),
    Column("product_id", ForeignKey("products.id"), primary_key=True),
    Column("kind", String, primary_key=True),
    Column("created_at", BigInteger, nullable=False),
)

# Mail that is to be sent, or was: about which week or version, and never its text.
mails = Table(
    "mails",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("product_id", ForeignKey("products.id"), nullable=False),
    Column("kind", String, nullable=False),
    # Names what it is about: there is but one mail on it to anybody.
    Column("subject", String, nullable=False),
    Column("about", JSON, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    # Null when it is over: sent, or given up.
    Column("next_at", BigInteger, index=True),
    Column("sent_at", BigInteger),
    Column("error", String),
    UniqueConstraint("account_id", "product_id", "kind", "subject"),
)

# Where a vendor's own programs are told of what happens.
webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Id, primary_key=True),
    Column("product_id", ForeignKey("products.id"), nullable=False, index=True),
    Column("url", String, nullable=False),
    Column("secret", String, nullable=False),
    Column("events", JSON, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    # The last uninstall and the last answer that it was told of, or that came before it.
    Column("uninstalls_to", BigInteger, nullable=False),
    Column("answers_to", BigInteger, nullable=False),
)

# What webhooks are to be told, and what became of it.
deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Id, primary_key=True),
    Column("webhook_id", ForeignKey("webhooks.id"), nullable=False, index=True),
    Column("product_id", ForeignKey("products.id"), nullable=False),
    # Whose data the payload holds, if it is somebody's: erased with all else.
    Column("installation_uuid", Uuid),
    # Names the message, however often it is sent.
    Column("message", String, nullable=False, unique=True),
    Column("event", String, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    # Null when it is over: delivered, or given up.
    Column("next_at", BigInteger, index=True),
    Column("delivered_at", BigInteger),
    Column("status", Integer),
    Column("error", String),
    Index(None, "product_id", "installation_uuid"),
)

# What a vendor was told of a product's figures, so that only news is told.
noticed = Table(
    "noticed",
    metadata,
    Column("product_id", ForeignKey("products.id"), primary_key=True),
    # Counts up: of two who saw the same, one tells it.
    Column("stamp", Integer, nullable=False),
    Column("alarms", JSON, nullable=False),
    # How many were in good health, of how many; null where that was not told yet.
    Column("good", Integer),
    Column("seen", Integer),
)
