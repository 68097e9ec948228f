"""What people see of a command: the only place that knows Rich. Data goes to stdout, all else to stderr."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from innkeeper.platform.steps import Step, Tell

# Without a terminal nothing is folded: a program reads lines.
_out = Console(highlight=False, width=None if sys.stdout.isatty() else 1000)
_wide = Console(highlight=False, width=1000)
_err = Console(stderr=True, highlight=False, soft_wrap=True)

_MARKS = {"done": Text("✓", "green"), "failed": Text("✗", "red")}


def as_json(value: Any) -> None:
    """A value for programs: JSON alone on stdout."""
    line(json.dumps(value, indent=2))


def say(text: str) -> None:
    """A sentence beside the data; never mark-up."""
    _err.print(Text(text))


def fail(text: str) -> None:
    """What happened, to what, and what to do."""
    _err.print(Text("error: ", "bold red") + Text(text))


def line(text: str) -> None:
    """A line of data, as it is, nothing wrapped: it may be a link to copy or a log line."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str | None = None, fold: bool = True
) -> None:
    """Rows for people, nothing cut; wide cells fold over lines, or without `fold` run on, as a link to copy must."""
    grid = Table(*columns, box=None, pad_edge=False, title=title, title_justify="left")
    for column in grid.columns:
        column.overflow = "fold"
    for row in rows:
        grid.add_row(*(Text(cell) for cell in row))
    (_out if fold else _wide).print(grid)


def sign_in(handle: str, link: str) -> None:
    """A link to sign in with, and how long it is good."""
    line(f"sign in as {handle} (good once, for one hour): {link}")


def facts(pairs: Mapping[str, str]) -> None:
    """Names and values below each other."""
    width = max(map(len, pairs), default=0)
    for name, value in pairs.items():
        line(f"{name:<{width}}  {value}")


def confirm(question: str) -> bool | None:
    """Ask a person; None where there is none."""
    return typer.confirm(question, err=True) if sys.stdin.isatty() else None


@contextmanager
def steps(expected: Sequence[str] = ()) -> Iterator[Tell]:
    """Show named steps as they go: a list that fills in at a terminal, else a line for each that ends."""
    seen: dict[str, Step] = {name: Step(name, "running", -1.0) for name in expected}
    if not _err.is_terminal:
        yield _print_ended
        return
    spinners: dict[str, Spinner] = {}

    def draw() -> Table:
        grid = Table.grid(padding=(0, 1))
        for step in seen.values():
            waiting = step.state == "running" and step.seconds < 0
            mark = Text("·") if waiting else _MARKS.get(step.state) or spinners.setdefault(step.name, Spinner("dots"))
            seconds = f"{step.seconds:.1f} s" if step.state != "running" else ""
            grid.add_row(mark, Text(step.name), Text(seconds, "dim", justify="right"), Text(step.message, "dim"))
        return grid

    with Live(get_renderable=draw, console=_err, refresh_per_second=12):

        def tell(step: Step) -> None:
            seen[step.name] = step

        yield tell


def _print_ended(step: Step) -> None:
    if step.state != "running":
        mark = {"done": "ok", "failed": "FAILED"}[step.state]
        message = f"  {step.message}" if step.message else ""
        _err.print(Text(f"{mark:>6}  {step.name}  {step.seconds:.1f} s{message}"))
