"""Names of users, tenants, stacks and hosts: one grammar, no folding, no parsing back."""

import re
from dataclasses import dataclass

from stack_deployer.contract.regions import CODES

MAX_SLUG = 30
MAX_LABEL = 63  # RFC 1035, 2.3.4: octets of one DNS label
API_PREFIX = "api-"
RESERVED = frozenset({"auth", "api", "www", "traefik"}) | CODES
DEFAULT_TEMPLATE = "hello"

_SLUG = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z", re.ASCII)
_OF_SLUGS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\Z", re.ASCII)


class NameRefused(ValueError):
    """A name that can never be: `what` it was meant for, and why it is refused."""

    def __init__(self, what: str, name: str, why: str) -> None:
        super().__init__(f"{what} {name!r} {why}")
        self.what = what
        self.name = name
        self.why = why


def slug(text: str, what: str = "name") -> str:
    """The text itself when it is a slug that a handle or a tenant may have; raises NameRefused."""
    if len(text) > MAX_SLUG:
        raise NameRefused(what, text[:80], f"is longer than {MAX_SLUG} characters")
    if not _SLUG.match(text):
        why = "must be lower-case letters a-z and digits, in words joined by single hyphens, a letter first"
        raise NameRefused(what, text, why + _stray(text))
    if text in RESERVED:
        raise NameRefused(what, text, "is reserved for the platform")
    if text.startswith(API_PREFIX):
        raise NameRefused(what, text, "clashes with API hosts: those begin with 'api-'")
    return text


def _stray(text: str) -> str:
    """Names the first character that no slug has: one that only looks like a letter a-z is told from it by its code."""
    found = next((char for char in text if char not in _OF_SLUGS), None)
    return "" if found is None else f"; {found!r} (U+{ord(found):04X}) is none of these"


def stack_name(user: str, tenant: str, region: str | None = None, template: str | None = None) -> str:
    """The stack's readable name: user and tenant joined, further stacks told apart by region or template.

    Raises NameRefused when the API's host label would pass 63 characters.
    """
    parts = [user]
    if tenant != user:
        parts.append(tenant)
    parts += [part for part in (region, template) if part]
    name = "-".join(parts)
    if len(API_PREFIX + name) > MAX_LABEL:
        why = f"is too long for a host: 'api-{name}' has {len(API_PREFIX + name)} characters, {MAX_LABEL} fit"
        raise NameRefused("stack", name, why)
    return name


def stack_hosts(name: str, domain: str) -> tuple[str, str]:
    """The stack's hosts, dashboard first, API second."""
    return f"{name}.{domain}", f"{API_PREFIX}{name}.{domain}"


def domain_name(text: str) -> str:
    """The text itself when it is a canonical domain of two labels or more; raises NameRefused."""
    labels = text.split(".")
    if len(text) > 253 - MAX_LABEL - 1 or len(labels) < 2:
        raise NameRefused("domain", text[:80], "must have two labels or more and leave room for a host's label")
    if not all(_LABEL.match(label) and len(label) <= MAX_LABEL for label in labels):
        raise NameRefused("domain", text, "must be lower-case labels of letters, digits and hyphens, joined by dots")
    return text


@dataclass(frozen=True, slots=True)
class Site:
    """Where people reach the platform: scheme, domain and public port; settings, never read from headers."""

    domain: str
    scheme: str = "https"
    port: int = 443

    @property
    def portal_host(self) -> str:
        return f"auth.{self.domain}"

    @property
    def portal(self) -> str:
        """The portal's origin."""
        return self.origin(self.portal_host)

    def origin(self, host: str) -> str:
        """`scheme://host[:port]`, the port left out where the scheme implies it."""
        implied = {"http": 80, "https": 443}.get(self.scheme)
        return f"{self.scheme}://{host}" if self.port == implied else f"{self.scheme}://{host}:{self.port}"


def canonical_host(text: str) -> str | None:
    """A Host header's name in lower case without port and trailing dot; None when it is no host name."""
    name, _, port = text.partition(":")
    if port and not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65_535):
        return None
    if not name.isascii():  # before lower(): the Kelvin sign would become a k
        return None
    name = name.removesuffix(".").lower()
    if not name or len(name) > 253:
        return None
    if not all(_LABEL.match(label) and len(label) <= MAX_LABEL for label in name.split(".")):
        return None
    return name
