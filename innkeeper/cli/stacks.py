"""`innkeeper stacks …`: what there is, what would be done, and stop, start, remove."""

from typing import Annotated, Any

import typer

from innkeeper.cli import console
from innkeeper.cli.options import DEFAULT_STATE, AsJson, State, wait_for
from innkeeper.platform import describe, follow
from innkeeper.platform.errors import InnError, NotFound
from innkeeper.platform.state import Platform
from stack_deployer.contract import wanted
from stack_deployer.contract.wanted import Goal, Wanted
from stack_deployer.engines.local import LocalEngine
from stack_deployer.plan import DEPLOY, REMOVE, STOP

app = typer.Typer(no_args_is_help=True, help="List, show, stop, start and remove stacks.")

Name = Annotated[str, typer.Argument(help="Name or id of the stack.", show_default=False)]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Service = Annotated[str | None, typer.Argument(help="One service alone.")]
Lines = Annotated[int, typer.Option("--lines", "-n", min=1, max=10_000, help="How many of the last lines.")]

_ROADS: dict[Goal, tuple[str, ...]] = {"running": DEPLOY, "stopped": STOP, "removed": REMOVE}


@app.command("list")
def list_(state: State = DEFAULT_STATE, json: AsJson = False) -> None:
    """List all stacks with state and URLs."""
    platform = Platform.load(state).require_running()

    async def read() -> list[dict[str, Any]]:
        async with platform.connected() as inn, inn.engine.connect() as conn:
            return [_as_json(platform, stack) for stack in await wanted.live(conn)]

    found = wait_for(read())
    if json:
        console.as_json(found)
        return
    columns = ("name", "user", "tenant", "region", "template", "state", "URL")
    console.table(columns, [[*(s[column] for column in columns[:-1]), s["urls"][0]] for s in found], fold=False)


@app.command()
def show(name: Name, state: State = DEFAULT_STATE, json: AsJson = False) -> None:
    """Show one stack: hosts, state, reason, the steps of its last change."""
    platform = Platform.load(state).require_running()

    async def read() -> dict[str, Any]:
        async with platform.connected() as inn:
            return _as_json(platform, await follow.find(inn.engine, name))

    found = wait_for(read())
    if json:
        console.as_json(found)
        return
    keys = ("name", "id", "user", "tenant", "region", "template", "state", "reason")
    console.facts({key: found[key] for key in keys if found[key]} | {"URLs": " ".join(found["urls"])})
    rows = [[s["step"], s["state"], f"{s.get('seconds') or 0:.1f} s", s.get("message") or ""] for s in found["steps"]]
    console.table(("step", "state", "took", "message"), rows)


@app.command()
def plan(name: Name, state: State = DEFAULT_STATE, json: AsJson = False) -> None:
    """Show what the worker would do now, and why, without doing it."""
    platform = Platform.load(state).require_running()

    async def read() -> list[dict[str, str]]:
        async with platform.connected() as inn:
            stack = await follow.find(inn.engine, name)
            return [{"step": s.name, "why": s.why} for s in await follow.steps_left(platform, stack)]

    found = wait_for(read())
    if json:
        console.as_json(found)
    elif found:
        console.table(("step", "why"), [[s["step"], s["why"]] for s in found])
    else:
        console.say("nothing to do: it is as it is wanted")


@app.command()
def logs(name: Name, service: Service = None, lines: Lines = 100, state: State = DEFAULT_STATE) -> None:
    """Print the last log lines of a stack, of all services or one."""
    platform = Platform.load(state).require_running()
    stack = _find(platform, name)
    directory = platform.layout.stacks / stack.id / "logs"
    known = sorted(path.name.removesuffix(".log") for path in directory.glob("*.log"))
    if service is not None and service not in known:
        raise NotFound(f"{stack.name} has no log of a service {service!r}; there are: {', '.join(known) or 'none yet'}")
    found = LocalEngine(platform.layout.stacks).logs(stack.id, service, lines)
    for line in found:
        console.line(line)
    if not found:
        console.say(f"{service or stack.name} has not logged a line yet")


@app.command()
def stop(name: Name, state: State = DEFAULT_STATE, json: AsJson = False) -> None:
    """Stop a stack; its data and its names stay."""
    platform = Platform.load(state).require_running()
    _bring(_find(platform, name), "stopped", platform, json=json)


@app.command()
def start(name: Name, state: State = DEFAULT_STATE, json: AsJson = False) -> None:
    """Start a stopped stack, or try a failed one again."""
    platform = Platform.load(state).require_running()
    _bring(_find(platform, name), "running", platform, json=json)


@app.command()
def remove(name: Name, yes: Yes = False, state: State = DEFAULT_STATE, json: AsJson = False) -> None:
    """Remove a stack with all its data; its name is free again."""
    platform = Platform.load(state).require_running()
    stack = _find(platform, name)
    if not yes:
        answer = console.confirm(f"Remove the stack {stack.name!r} and all its data?")
        if answer is None:
            raise InnError("nothing was removed: there is no terminal to ask at; say it with --yes")
        if not answer:
            raise InnError("nothing was removed")
    _bring(stack, "removed", platform, json=json)


def _find(platform: Platform, name: str) -> Wanted:
    """The stack of that name or id; raises NotFound."""

    async def read() -> Wanted:
        async with platform.connected() as inn:
            return await follow.find(inn.engine, name)

    return wait_for(read())


def _bring(stack: Wanted, goal: Goal, platform: Platform, *, json: bool) -> None:
    there = stack.wanted == goal and stack.status == goal
    with console.steps(() if there else _ROADS[goal]) as tell:

        async def bring() -> Wanted:
            async with platform.connected() as inn:
                return await follow.follow(platform, inn, await follow.ask(inn, stack, goal), tell)

        stack = wait_for(bring())
    if json:
        console.as_json(_as_json(platform, stack))
    else:
        console.say(f"{stack.name} is {'already ' if there else ''}{stack.status}")


def _as_json(platform: Platform, stack: Wanted) -> dict[str, Any]:
    return stack.as_json() | {"urls": describe.urls(platform, stack)}
