"""Named steps of a long work, told as they begin, end and fail."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

NAMES = ("keys", "redis", "database", "traefik", "gate", "portal", "worker", "users", "stacks")


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be told: `seconds` since the step began, `message` for people."""

    name: str
    state: Literal["running", "done", "failed"]
    seconds: float = 0.0
    message: str = ""


Tell = Callable[[Step], None]


class Note:
    """What a step has to say of itself when it is done."""

    message = ""


@contextmanager
def step(name: str, tell: Tell) -> Iterator[Note]:
    """Tell the step's beginning and end; an exception is told as its failure and passes on."""
    began, note = time.monotonic(), Note()
    tell(Step(name, "running"))
    try:
        yield note
    except Exception as error:
        tell(Step(name, "failed", time.monotonic() - began, str(error).partition("\n")[0]))
        raise
    tell(Step(name, "done", time.monotonic() - began, note.message))
