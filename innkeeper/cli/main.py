"""The command `innkeeper`: all commands, and what becomes of their errors.

Exit codes: 0 done, 1 failed, 2 usage and names that can never be, 3 not found, 4 clash with what exists,
5 the platform is not running. A bug keeps its traceback.
"""

import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

import typer
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from auth_manager.errors import AuthError, FieldRefused, FieldsRefused
from auth_manager.users.accounts import UserDisabled
from innkeeper.cli import check, console, deploy, platform, regions, stacks, users
from innkeeper.platform.called import NAME, command
from innkeeper.platform.errors import InnError
from stack_deployer import cli
from stack_deployer.contract.environment import BadSettings
from stack_deployer.contract.names import NameRefused
from stack_deployer.contract.regions import UnknownRegion
from stack_deployer.contract.wanted import NameTaken
from stack_deployer.errors import DeployerError

app = typer.Typer(
    name="innkeeper",
    help="Gives every user of your product a private stack of their own, behind one front door.",
    epilog="Exit codes: 0 done, 1 failed, 2 usage or an impossible name, 3 not found, 4 clash, 5 not running.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        console.line(f"{NAME} {version(NAME)}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """All of it happens before: the version is told by its callback."""


app.command()(platform.up)
app.command()(platform.down)
app.command()(platform.status)
app.command()(deploy.deploy)
app.command()(check.check)
app.add_typer(stacks.app, name="stacks")
app.add_typer(users.app, name="users")
app.command()(regions.regions)
app.command()(cli.render)
app.add_typer(cli.templates, name="template")

FAILED, USAGE, CLASH = 1, 2, 4

_EXPECTED = (
    InnError, AuthError, BadSettings, NameRefused, UnknownRegion, NameTaken, DeployerError, RedisError, SQLAlchemyError,
)  # fmt: skip


def main(argv: Sequence[str]) -> int:
    """Run one command; the exit code. An error that an operator can act on is one line, a bug is raised."""
    try:
        app(list(argv), prog_name="innkeeper")
    except SystemExit as done:  # Typer's own: usage errors, help, interruption
        return done.code if isinstance(done.code, int) else FAILED if done.code else 0
    except _EXPECTED as error:
        console.fail(_words(error))
        return exit_code(error)
    return 0


def exit_code(error: Exception) -> int:
    """The exit code that tells a program what kind of error it was."""
    if isinstance(error, InnError):
        return error.exit_code
    if isinstance(error, UserDisabled):
        return FAILED
    if isinstance(error, NameTaken):
        return CLASH
    if isinstance(error, FieldRefused | FieldsRefused):
        return CLASH if error.taken else USAGE
    if isinstance(error, NameRefused | UnknownRegion | BadSettings):
        return USAGE
    return FAILED


def _words(error: Exception) -> str:
    if isinstance(error, RedisError):
        return f"the platform's Redis does not answer ({type(error).__name__}); see `{command('status')}`"
    if isinstance(error, SQLAlchemyError):
        return f"the platform's database does not answer: {getattr(error, 'orig', None) or type(error).__name__}"
    if isinstance(error, FieldRefused | FieldsRefused):
        fields = error.fields if isinstance(error, FieldsRefused) else {error.field: error.why}
        return "; ".join(why if field in why.split() else f"{field}: {why}" for field, why in fields.items())
    return str(error)


def run() -> None:
    """The console script."""
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
