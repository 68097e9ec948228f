"""Tenants and who manages them. A membership opens no stack."""

import time

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils import uuid7

from auth_manager.errors import FieldRefused
from auth_manager.users.tables import memberships, tenants
from stack_deployer.contract.names import slug as checked


async def make_personal_tenant(conn: AsyncConnection, handle: str) -> str:
    """The id of a new tenant for one user alone; raises IntegrityError when the slug is another tenant's."""
    return await _insert(conn, handle, personal=True)


async def personal_tenant(conn: AsyncConnection, handle: str) -> str:
    """The id of the tenant of one user alone."""
    query = sa.select(tenants.c.id).where(tenants.c.slug == handle, tenants.c.personal.is_(True))
    tenant_id: str = (await conn.execute(query)).scalar_one()
    return tenant_id


async def ensure_tenant(conn: AsyncConnection, slug: str) -> str:
    """The id of the shared tenant of that slug, made when missing.

    Raises NameRefused, and FieldRefused when the slug is the handle of a user: that tenant is theirs alone.
    """
    found = (await conn.execute(sa.select(tenants).where(tenants.c.slug == slug))).first()
    if found is None:
        return await _insert(conn, checked(slug, "tenant"), personal=False)
    if found.personal:
        raise FieldRefused("tenant", f"the tenant {slug!r} is the personal one of the user {slug!r}", taken=True)
    tenant_id: str = found.id
    return tenant_id


async def ensure_membership(conn: AsyncConnection, user_id: str, tenant_id: str) -> str:
    """The user's role in the tenant; who is the first becomes its owner, the next are members."""
    # The tenant's row is locked, so that of two who come at once one is first.
    await conn.execute(sa.select(tenants.c.id).where(tenants.c.id == tenant_id).with_for_update())
    query = sa.select(memberships.c.user_id, memberships.c.role).where(memberships.c.tenant_id == tenant_id)
    roles: dict[str, str] = {row.user_id: row.role for row in await conn.execute(query)}
    if user_id in roles:
        return roles[user_id]
    role = "member" if roles else "owner"
    await conn.execute(memberships.insert().values(user_id=user_id, tenant_id=tenant_id, role=role))
    return role


async def _insert(conn: AsyncConnection, slug: str, *, personal: bool) -> str:
    tenant_id = str(uuid7())
    values = {"id": tenant_id, "slug": slug, "personal": personal, "created_at": time.time()}
    await conn.execute(tenants.insert().values(values))
    return tenant_id
