"""`innkeeper users …`: who may sign in."""

import sys
from typing import Annotated, Any

import typer

from auth_manager.users import accounts, login_tokens
from auth_manager.users.accounts import User
from auth_manager.users.password import Passwords
from innkeeper.cli import console
from innkeeper.cli.options import DEFAULT_STATE, AsJson, State, wait_for
from innkeeper.platform import furnish, settings
from innkeeper.platform.called import command
from innkeeper.platform.errors import NotFound, Refused
from innkeeper.platform.state import Connected, Platform

_ACTOR = "innkeeper users"

app = typer.Typer(no_args_is_help=True, help="Add, list and disable users; give out login tokens.")

Handle = Annotated[str, typer.Argument(help="Handle of the user.", show_default=False)]
Email = Annotated[str | None, typer.Option("--email", help="E-mail address to sign in with.")]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]
Operator = Annotated[bool, typer.Option("--operator", help="May manage the whole platform; enters no stack by it.")]
Days = Annotated[int | None, typer.Option("--days", min=1, max=3650, help="How long it is valid.", show_default="365")]


@app.command("list")
def list_(state: State = DEFAULT_STATE, json: AsJson = False) -> None:
    """List all users."""
    platform = Platform.load(state).require_running()

    async def read() -> list[dict[str, Any]]:
        async with platform.connected() as inn, inn.engine.connect() as conn:
            return [_as_json(user) for user in await accounts.all_users(conn)]

    found = wait_for(read())
    if json:
        console.as_json(found)
        return
    rows = [[u["handle"], u["email"] or "", _marks(u)] for u in found]
    console.table(("handle", "e-mail", "notes"), rows)


@app.command()
def add(
    handle: Handle,
    email: Email = None,
    password_stdin: PasswordStdin = False,
    operator: Operator = False,
    state: State = DEFAULT_STATE,
    json: AsJson = False,
) -> None:
    """Add a user with a personal tenant, and print a sign-in link for one use."""
    platform = Platform.load(state).require_running()
    if password_stdin and email is None:
        raise Refused("--password-stdin: needs --email, with which one signs in by password")
    password = sys.stdin.read().removesuffix("\n").removesuffix("\r") if password_stdin else None

    async def write() -> tuple[User, str]:
        async with platform.connected() as inn:
            user = await accounts.add_user(
                inn.engine,
                Passwords(threads=1),
                handle=handle,
                email=email,
                password=password,
                operator=operator,
                actor=_ACTOR,
            )
            return user, await furnish.sign_in_link(inn, handle)

    user, link = wait_for(write())
    if json:
        console.as_json(_as_json(user) | {"sign_in_link": link})
    else:
        console.sign_in(handle, link)


@app.command()
def token(handle: Handle, days: Days = None, state: State = DEFAULT_STATE, json: AsJson = False) -> None:
    """Make a login token for a program of the user; it is shown this once alone."""
    platform = Platform.load(state).require_running()
    life = days or settings.read().token_expiry_days

    async def write() -> str:
        async with platform.connected() as inn:
            return await login_tokens.issue(inn.engine, await _find(inn, handle), life, actor=_ACTOR)

    secret = wait_for(write())
    if json:
        console.as_json({"token": secret, "handle": handle, "days": life})
    else:
        console.line(secret)


@app.command()
def disable(handle: Handle, state: State = DEFAULT_STATE, json: AsJson = False) -> None:
    """Let a user in no more: sign-in is refused, and every session ends at once."""
    platform = Platform.load(state).require_running()

    async def write() -> None:
        async with platform.connected() as inn:
            user = await _find(inn, handle)
            await accounts.disable(inn.engine, handle, actor=_ACTOR)
            await inn.sessions.end_user(user.id)

    wait_for(write())
    if json:
        console.as_json({"handle": handle, "disabled": True})
    else:
        console.say(f"{handle} is disabled and signed out everywhere")


async def _find(inn: Connected, handle: str) -> User:
    async with inn.engine.connect() as conn:
        user = await accounts.find(conn, handle)
    if user is None:
        raise NotFound(f"there is no user {handle!r}; `{command('users', 'list')}` shows all")
    return user


def _as_json(user: User) -> dict[str, Any]:
    return {
        "id": user.id, "handle": user.handle, "email": user.email, "operator": user.operator, "disabled": user.disabled,
    }  # fmt: skip


def _marks(user: dict[str, Any]) -> str:
    return ", ".join(mark for mark in ("operator", "disabled") if user[mark])
