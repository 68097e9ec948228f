"""Options that several commands share, and the platform they speak of."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

T = TypeVar("T")

State = Annotated[
    Path,
    typer.Option("--state", envvar="INNKEEPER_STATE", help="Directory of the platform's keys, data and logs."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

DEFAULT_STATE = Path(".innkeeper")


def wait_for(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's asynchronous part to its end."""
    return asyncio.run(work)
