"""How this command was called: hints are to be pasted as they stand."""

import shlex
import shutil
import sys
from pathlib import Path

NAME = "innkeeper"


def command(*words: str | Path) -> str:
    """`innkeeper WORDS` for the shell, the program as it was called: by its name alone where PATH leads to it."""
    return shlex.join([_program(), *map(str, words)])


def _program() -> str:
    called = Path(sys.argv[0])
    if called.name == "deploy-user-stack":
        called = called.with_name(NAME)
    found = shutil.which(NAME)
    if called.name != NAME or (found and Path(found).absolute() == called.absolute()):
        return NAME
    if called.is_absolute() and called.is_relative_to(Path.cwd()):
        called = called.relative_to(Path.cwd())
    return str(called) if len(called.parts) > 1 else f"./{called}"
