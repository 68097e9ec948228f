"""The first users: an operator, and somebody with a stack to look at."""

from sqlalchemy.ext.asyncio import AsyncEngine

from auth_manager.users import accounts, deploy
from auth_manager.users.password import Passwords
from innkeeper.platform.called import command
from innkeeper.platform.errors import NotFound
from innkeeper.platform.state import Connected

OPERATOR = "admin"
DEMO = "demo"
LINK_LIFE = 3600  # seconds
_ACTOR = "innkeeper up"


async def furnish(engine: AsyncEngine, domain: str) -> None:
    """Make those of the first users who are missing; may be done again after a kill half-way."""
    async with engine.connect() as conn:
        operator = await accounts.find(conn, OPERATOR)
    if operator is None:
        await accounts.add_user(engine, Passwords(threads=1), handle=OPERATOR, operator=True, actor=_ACTOR)
    await deploy.want_stack(engine, user=DEMO, tenant=DEMO, domain=domain, actor=_ACTOR)


async def sign_in_link(inn: Connected, handle: str) -> str:
    """A link that signs that user in once, within the hour; raises NotFound, RedisError."""
    async with inn.engine.connect() as conn:
        user = await accounts.find(conn, handle)
    if user is None or user.disabled:
        raise NotFound(f"there is no user {handle!r} who may sign in; `{command('users', 'list')}` shows all")
    ticket = await inn.tickets.issue("link", {"user_id": user.id}, LINK_LIFE)
    return f"{inn.site.portal}/sign-in/link?ticket={ticket}"


async def first_links(inn: Connected) -> dict[str, str]:
    """Handle -> link, for those of the first users who are still there."""
    links = {}
    for handle in (OPERATOR, DEMO):
        try:
            links[handle] = await sign_in_link(inn, handle)
        except NotFound:
            continue  # disabled or gone by the operator's will
    return links
