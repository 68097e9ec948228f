"""Reading our own cookies."""

import pytest
from starlette.requests import Request

from auth_manager.portal.cookies import sent

GOOD = "aB3_-" * 8 + "xyz"


def request(*cookies: str) -> Request:
    headers = [(b"cookie", cookie.encode("latin-1")) for cookie in cookies]
    return Request({"type": "http", "headers": headers})


@pytest.mark.parametrize(
    "cookies", [(f"n={GOOD}",), (f"a=1; n={GOOD}; b=2",), ("a=1", f"n={GOOD}"), (f"n ={GOOD} ;a",)]
)
def test_a_cookie_is_found_among_others(cookies: tuple[str, ...]) -> None:
    """Wherever it stands, in one header or several."""
    assert sent(request(*cookies), "n") == GOOD


@pytest.mark.parametrize(
    "cookies",
    [
        (), ("",), ("n=",), ("n",), (f"N={GOOD}",), (f"xn={GOOD}",), (f"n={GOOD}x",), (f"n={GOOD[:-1]}",),
        (f'n="{GOOD}"',),
        (f"n={GOOD[:-1]}\xe9",), (f"n={GOOD}; n={GOOD}",), (f"n={GOOD}", "n=x"), (f"n={GOOD[:-1]};{GOOD[-1]}",),
        (";;=;=n=",),
    ],
)  # fmt: skip
def test_anything_else_is_no_cookie(cookies: tuple[str, ...]) -> None:
    """Absent, malformed or sent twice: as if there were none."""
    assert sent(request(*cookies), "n") is None


@pytest.mark.parametrize("blank", ["\xa0", "\x85", "\x0b", "\x0c", "\x1c", "\x1f"])
def test_a_name_behind_an_odd_blank_is_another_name(blank: str) -> None:
    """Browsers hold `__Host-` to its rule by its exact name: any app of the domain may set one behind a blank."""
    assert sent(request(f"{blank}n={GOOD}"), "n") is None
    assert sent(request(f"{blank}n={'B' * 43}; n={GOOD}"), "n") == GOOD
