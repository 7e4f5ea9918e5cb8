"""Runs migrations on the connection that the engine hands over; there is no other way in."""

from alembic import context

from exitpoll_server.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
