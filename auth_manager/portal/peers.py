"""Who may speak to the portal, and which address a request really comes from."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


def networks(text: str) -> tuple[Network, ...]:
    """The networks of a comma list of addresses and CIDR ranges; raises ValueError for what is neither."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def address(text: str) -> IPv4Address | IPv6Address | None:
    """The address of that text, IPv4 in IPv6 unwrapped; None when it is none."""
    try:
        found = ip_address(text.strip())
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def trusted(peer: str, among: Iterable[Network]) -> bool:
    """Whether the peer's address is in one of the networks; an unreadable address is not."""
    found = address(peer)
    return found is not None and any(found in network for network in among)


def client_address(peer: str, forwarded_for: Sequence[str], among: Sequence[Network]) -> str:
    """The rightmost hop of X-Forwarded-For that is not trusted; the last trusted one seen when all are.

    Hops left of it, or of one that is no address, are the client's own words and are not read.
    """
    client = peer
    for hop in reversed(",".join(forwarded_for).split(",") if forwarded_for else []):
        found = address(hop)
        if found is None:
            break
        client = str(found)
        if not trusted(client, among):
            break
    return client
