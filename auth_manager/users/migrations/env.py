"""Run by Alembic: applies revisions on the connection, and in the transaction, that `database.migrate` opened."""

from alembic import context

from auth_manager.users.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # SQLite can, when the driver does not begin transactions by itself
)
with context.begin_transaction():
    context.run_migrations()
