"""What people type as e-mail address, in one canonical form; the handle proposed from it."""

import re
import unicodedata

import idna

from auth_manager.errors import FieldRefused
from auth_manager.users.tables import MAX_EMAIL
from stack_deployer.contract.names import MAX_SLUG, NameRefused, slug

MAX_LOCAL = 64  # RFC 5321 4.5.3.1.1, octets
_ATEXT = frozenset("abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-/=?^_`{|}~")  # RFC 5322 3.2.3, lower case


def canonical_email(text: str) -> str:
    """The one form of an address that we keep and compare: all lower case, its domain in IDNA (ASCII).

    Raises FieldRefused for what is no address, or looks like another one (compatibility forms, hidden characters).
    """
    text = text.strip()
    if not text:
        raise FieldRefused("email", "an e-mail address is needed")
    if len(text) > MAX_EMAIL:
        raise FieldRefused("email", f"the e-mail address is longer than {MAX_EMAIL} characters")
    local, at, domain = text.rpartition("@")
    if not at or "@" in local:
        raise FieldRefused("email", "an e-mail address has one @, as in ada@example.com")
    canonical = f"{_local(local)}@{_domain(domain)}"
    if len(canonical.encode()) > MAX_EMAIL:
        raise FieldRefused("email", f"the e-mail address is longer than {MAX_EMAIL} bytes")
    return canonical


def _local(text: str) -> str:
    local = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())
    if unicodedata.normalize("NFKC", local) != local:
        raise FieldRefused("email", "the part before @ has characters that only look like others")
    if not all(_may_be_local(char) for char in local.replace(".", "")):
        raise FieldRefused("email", "the part before @ has characters that an e-mail address cannot have")
    if not all(local.split(".")):
        raise FieldRefused("email", "the part before @ is empty, or a dot in it stands first, last or twice")
    if len(local.encode()) > MAX_LOCAL:
        raise FieldRefused("email", f"the part before @ is longer than {MAX_LOCAL} bytes")
    return local


def _may_be_local(char: str) -> bool:
    return char in _ATEXT if char.isascii() else unicodedata.category(char)[0] in "LMN"


def _domain(text: str) -> str:
    try:
        domain = idna.encode(text, uts46=True, std3_rules=True).decode()
    except (idna.IDNAError, UnicodeError):
        domain = ""
    labels = domain.split(".")
    if len(labels) < 2 or not all(labels) or labels[-1].isdigit():
        raise FieldRefused("email", "the part after @ is not a domain, as in ada@example.com")
    return domain


def propose_handle(email: str) -> str:
    """A handle that the address suggests and the grammar allows, free or not; never raises, `""` for nothing at all."""
    local = email.strip().partition("@")[0].partition("+")[0]
    plain = unicodedata.normalize("NFKD", local).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    joined = "-".join(words).lstrip("0123456789-")
    if not joined:
        return ""
    for candidate in (joined, f"user-{joined}"):
        try:
            return slug(candidate[:MAX_SLUG].strip("-"), "handle")
        except NameRefused:
            continue
    return ""
