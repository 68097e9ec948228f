"""The state directory: whose it is, what platform lives in it, and the way to that platform's parts."""

import os
import stat
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from auth_manager.sessions.grants import Grants
from auth_manager.sessions.session import Lifetimes
from auth_manager.sessions.store import Sessions
from auth_manager.sessions.tickets import Tickets
from auth_manager.users import database
from innkeeper.platform import files
from innkeeper.platform.errors import InnError, NotRunning, from_os
from innkeeper.platform.layout import Layout
from stack_deployer.contract import bus
from stack_deployer.contract.names import Site
from stack_deployer.contract.seal import Sealer
from stack_deployer.engines.record import identity

DEFAULT_DOMAIN = "inn.localhost"
DEFAULT_PORT = 8080
_BEFORE_RECORD = {"run", "logs", ".platform.json.new"}  # what a kill right at the first start leaves
_CLI_DEADLINE = 5.0  # seconds; a command waits longer for Redis than a request does


class Supervisor(BaseModel):
    """The process that keeps the others running; `started` tells it from a later one with its pid."""

    pid: int
    started: str


class Process(BaseModel):
    """A platform process as it was last seen."""

    name: str
    pid: int
    port: int | None = None


class Record(BaseModel):
    """platform.json. `ports`: redis, gate, portal, traefik_api; `furnished`: the first users were made.

    `rendered_for`: the portal's origin that stacks were told of.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    id: str = Field(default_factory=lambda: str(uuid.uuid4()))
    domain: str = DEFAULT_DOMAIN
    scheme: Literal["http"] = "http"
    port: int = DEFAULT_PORT
    ports: dict[str, int] = {}
    supervisor: Supervisor | None = None
    ready: bool = False
    furnished: bool = False
    rendered_for: str | None = None
    processes: list[Process] = []


@dataclass(frozen=True, slots=True)
class Connected:
    """What a command needs of a running platform; Redis and SQL errors pass through."""

    site: Site
    redis: Redis
    engine: AsyncEngine
    sessions: Sessions
    tickets: Tickets
    grants: Grants


class Platform:
    """The platform of one state directory."""

    def __init__(self, layout: Layout, record: Record) -> None:
        self.layout = layout
        self.record = record

    @classmethod
    def load(cls, root: Path) -> "Platform":
        """The platform that lives there, running or not; raises NotRunning, or InnError for what is not ours."""
        layout = Layout(absolute(root))
        if not layout.record.exists():
            raise NotRunning(root)
        check_owner(layout.root)
        return cls(layout, read_record(layout))

    @property
    def site(self) -> Site:
        return Site(self.record.domain, self.record.scheme, self.record.port)

    @property
    def supervised(self) -> bool:
        """Whether the supervisor it was started by is alive."""
        supervisor = self.record.supervisor
        return supervisor is not None and identity(supervisor.pid) == supervisor.started

    def require_running(self) -> "Platform":
        """Itself; raises NotRunning when no supervisor is alive or it is not ready yet."""
        if not (self.supervised and self.record.ready):
            raise NotRunning(self.layout.root)
        return self

    def sealer(self, purpose: str) -> Sealer:
        return Sealer((self.layout.keys / f"{purpose}.key").read_bytes(), purpose)

    def redis(self) -> Redis:
        """A client of the platform's Redis; the caller closes it."""
        password = self.layout.redis_password.read_text()
        return bus.connect("127.0.0.1", self.record.ports["redis"], password=password, deadline=_CLI_DEADLINE)

    @asynccontextmanager
    async def connected(self, lifetimes: Lifetimes | None = None) -> AsyncIterator[Connected]:
        """Connections to SQL and Redis, closed on leaving; nothing is connected before it is used."""
        redis, engine = self.redis(), database.connect(self.layout.database_url)
        sessions = Sessions(redis, self.sealer("session"), lifetimes or Lifetimes(idle=3600, cap=43200))
        tickets, grants = Tickets(redis, self.sealer("ticket")), Grants(redis, self.sealer("grant"))
        try:
            yield Connected(self.site, redis, engine, sessions, tickets, grants)
        finally:
            await redis.aclose()
            await engine.dispose()

    def write(self, **changes: object) -> None:
        """Change the record, in memory and on disk; raises OSError with the file as it was."""
        record = self.record.model_copy(update=changes)
        files.write(self.layout.record, record.model_dump_json(indent=2).encode())
        self.record = record


def absolute(root: Path) -> Path:
    return Path(os.path.abspath(root.expanduser()))


def read_record(layout: Layout) -> Record:
    """The record in platform.json; raises InnError when it is not legible or of another version."""
    try:
        return Record.model_validate_json(layout.record.read_bytes())
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        what = f"{where}: {first['msg']}" if where else first["msg"]
        advice = "put it back from a backup, or move the directory away to begin anew"
        raise InnError(f"{layout.record}: not a record of this version of Innkeeper ({what}); {advice}") from None
    except OSError as error:
        raise from_os(error, layout.record) from None


def claim(root: Path) -> Layout:
    """Make or check the directory for `up`; raises InnError for one that is not ours or not private."""
    layout = Layout(absolute(root))
    try:
        if not layout.root.exists():
            layout.root.mkdir(mode=0o700, parents=True)
        if not layout.root.is_dir():
            raise InnError(f"{layout.root}: is no directory; choose another place with --state")
        there = {path.name for path in layout.root.iterdir()} - _BEFORE_RECORD
        if not there:
            os.chmod(layout.root, 0o700)
        elif layout.record.name not in there:
            raise InnError(
                f"{layout.root}: holds {sorted(there)[0]!r} and is no state directory of Innkeeper; "
                "choose an empty or new directory with --state"
            )
        check_owner(layout.root)
        layout.run.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise from_os(error, layout.root) from None
    return layout


def check_owner(root: Path) -> None:
    """Nothing, when the directory is this user's and nobody else's; raises InnError."""
    try:
        found = root.stat()
    except OSError as error:
        raise from_os(error, root) from None
    if found.st_uid != os.geteuid():
        raise InnError(f"{root}: belongs to user id {found.st_uid}, you are {os.geteuid()}; run as that user")
    if found.st_mode & 0o077:
        mode = stat.S_IMODE(found.st_mode)
        raise InnError(f"{root}: has mode {mode:04o}, so others may read its keys; run `chmod 700 {root}` first")
