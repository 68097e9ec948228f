"""Errors of the operating system in an operator's words."""

import errno
import os
from pathlib import Path

import pytest

from innkeeper.platform.errors import from_os


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "owner and mode"),
        (errno.EIO, "input/output error"),
    ],
)
def test_an_error_says_where_and_what_to_do(number: int, words: str) -> None:
    """The file the system named is named, else the place where we were at work."""
    assert words in str(from_os(OSError(number, os.strerror(number)), Path("/somewhere")))
    assert str(from_os(OSError(number, os.strerror(number)), Path("/somewhere"))).startswith("/somewhere: ")
    assert str(from_os(OSError(number, "x", "/the/file"), Path("/somewhere"))).startswith("/the/file: ")
