"""The tables of users and of what they may; `user_apps` comes from the contract, all in one MetaData.

The migrations say the same, and a test holds the two equal.
"""

import sqlalchemy as sa

from stack_deployer.contract.names import MAX_SLUG
from stack_deployer.contract.route import ROLES
from stack_deployer.contract.wanted import metadata, user_apps

__all__ = [
    "audit_events", "credentials", "login_tokens", "memberships", "metadata", "shares", "tenants", "user_apps", "users",
]  # fmt: skip

MAX_EMAIL = 254  # RFC 5321 4.5.3.1.3: 256 octets of a path, less its two angle brackets
_ID = sa.String(36)  # a UUIDv7
_ROLE = f"role IN ({', '.join(repr(role) for role in ROLES)})"

tenants = sa.Table(
    "tenants",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("slug", sa.String(MAX_SLUG), nullable=False, unique=True),
    sa.Column("personal", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),  # Unix time in seconds, as all times here
)

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    # Handles and slugs are one namespace: no user without a tenant of that slug, and slugs are unique.
    sa.Column("handle", sa.String(MAX_SLUG), sa.ForeignKey("tenants.slug"), nullable=False, unique=True),
    sa.Column("email", sa.String(MAX_EMAIL), nullable=True, unique=True),  # canonical
    sa.Column("operator", sa.Boolean, nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("last_seen_at", sa.Float, nullable=True),
    sa.Column("stripe_customer_id", sa.String(255), nullable=True),
)

credentials = sa.Table(
    "credentials",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("user_id", _ID, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("secret", sa.Text, nullable=False),  # kind `password`: an Argon2id hash
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("updated_at", sa.Float, nullable=False),
    sa.Index("uq_credentials_one_password", "user_id", unique=True, sqlite_where=sa.text("kind = 'password'"),
             postgresql_where=sa.text("kind = 'password'")),
)  # fmt: skip

login_tokens = sa.Table(
    "login_tokens",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),  # SHA-256 in hex
    sa.Column("user_id", _ID, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("expires_at", sa.Float, nullable=False),
    sa.Column("last_used_at", sa.Float, nullable=True),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("revoked_at", sa.Float, nullable=True),
)

memberships = sa.Table(
    "memberships",
    metadata,
    sa.Column("user_id", _ID, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("tenant_id", _ID, sa.ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True, index=True),
    sa.Column("role", sa.String(16), nullable=False),
    sa.CheckConstraint(_ROLE, name="role"),
)

shares = sa.Table(
    "shares",
    metadata,
    sa.Column("stack_id", sa.String(32), sa.ForeignKey("user_apps.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("user_id", _ID, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("created_by", sa.String(MAX_SLUG), nullable=False),  # a handle
    sa.CheckConstraint(_ROLE, name="role"),
)

# No foreign keys: the record outlives what it tells of.
audit_events = sa.Table(
    "audit_events",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("at", sa.Float, nullable=False, index=True),
    sa.Column("event", sa.String(64), nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("subject", sa.String(64), nullable=False),
    sa.Column("tenant", sa.String(MAX_SLUG), nullable=False),
    sa.Column("client", sa.String(64), nullable=False),  # an address
    sa.Column("detail", sa.Text, nullable=False),  # a JSON object
    sqlite_autoincrement=True,  # else SQLite gives a deleted last row's id out again
)
