"""Who may speak to the portal, and whose address counts."""

import pytest

from auth_manager.portal.peers import client_address, networks, trusted

PROXY = networks("127.0.0.1, 10.9.0.0/24")


@pytest.mark.parametrize("text", ["", " ", ",", ",,"])
def test_nobody_is_trusted_by_default(text: str) -> None:
    """An empty list trusts nobody, the loopback address included."""
    assert not trusted("127.0.0.1", networks(text))


@pytest.mark.parametrize(
    "text", ["localhost", "127.0.0.1/33", "10.0.0.1/8", "*", "::1::", "1.2.3", "127.0.0.1;10.0.0.1"]
)
def test_what_is_no_network_is_refused(text: str) -> None:
    """A list with anything but addresses and ranges is an error, never a smaller list."""
    with pytest.raises(ValueError, match=r"."):
        networks(text)


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("127.0.0.1", True), ("::ffff:127.0.0.1", True), ("10.9.0.77", True), ("127.0.0.2", False), ("10.9.1.1", False),
        ("", False), ("unix:", False), ("::1", False), ("0177.0.0.1", False),
    ],
)  # fmt: skip
def test_peers_are_compared_as_addresses(peer: str, expected: bool) -> None:
    """A peer is trusted by its address, an IPv4 address in IPv6 clothes as well, and by no prefix of its text."""
    assert expected is trusted(peer, PROXY)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], "127.0.0.1"),
        (["203.0.113.5"], "203.0.113.5"),
        (["198.51.100.1, 203.0.113.5"], "203.0.113.5"),
        (["198.51.100.1", "203.0.113.5"], "203.0.113.5"),
        (["198.51.100.1, 203.0.113.5, 10.9.0.3"], "203.0.113.5"),
        (["203.0.113.5, garbage"], "127.0.0.1"),
        (["garbage, 203.0.113.5"], "203.0.113.5"),
        (["203.0.113.5, , 10.9.0.3"], "10.9.0.3"),
        ([""], "127.0.0.1"),
        (["127.0.0.1"], "127.0.0.1"),
        (["2001:db8::7"], "2001:db8::7"),
        (["203.0.113.5:1234"], "127.0.0.1"),
    ],
)  # fmt: skip
def test_the_rightmost_hop_that_is_not_ours_is_the_client(headers: list[str], expected: str) -> None:
    """What the client itself wrote into X-Forwarded-For is never its address; an unreadable hop ends the search."""
    assert expected == client_address("127.0.0.1", headers, PROXY)
