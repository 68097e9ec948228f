"""The grammar of names: what passes, what can never be, and that no two stacks share a host."""

import re
import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stack_deployer.contract.names import (
    MAX_LABEL,
    MAX_SLUG,
    RESERVED,
    NameRefused,
    Site,
    canonical_host,
    domain_name,
    slug,
    stack_hosts,
    stack_name,
)
from stack_deployer.contract.regions import CODES

SLUGS = (
    st.from_regex(r"[a-z][a-z0-9]*(-[a-z0-9]+){0,3}", fullmatch=True)
    .filter(lambda text: len(text) <= MAX_SLUG)
    .filter(lambda text: text not in RESERVED and not text.startswith("api-"))
)
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", re.ASCII)


@given(SLUGS)
def test_a_slug_passes_unchanged(text: str) -> None:
    """Whatever fits the grammar is taken as it is."""
    assert text == slug(text)


@given(st.text(max_size=40))
def test_a_text_passes_unchanged_or_not_at_all(text: str) -> None:
    """Nothing is folded, trimmed or mended: a text is its own slug or refused, and a slug is a DNS label."""
    try:
        assert text == slug(text)
    except NameRefused:
        return
    assert LABEL.fullmatch(text)
    assert len(text) <= MAX_SLUG


@pytest.mark.parametrize(
    "text",
    ["", "A", "User1", "1user", "-a", "a-", "a--b", "a_b", "a.b", "a b", " a", "a\n", "ä", "ａ", "a\0", "xn--a", "a/b"],
)
def test_other_forms_are_refused(text: str) -> None:
    """Capitals, digits first, stray hyphens, Unicode, spaces and line ends are no part of a slug."""
    with pytest.raises(NameRefused, match="must be lower-case letters"):
        slug(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [("us\u0435r1", "'\u0435' (U+0435)"), ("\uff55ser1", "'\uff55' (U+FF55)"), ("a\u200bb", r"'\u200b' (U+200B)"),
     ("User", "'U' (U+0055)"), ("a\n", r"'\n' (U+000A)")],
)  # fmt: skip
def test_a_character_that_no_slug_has_is_named(text: str, told: str) -> None:
    """A letter that only looks like one of a-z, or cannot be seen, is told with its code point."""
    with pytest.raises(NameRefused) as refused:
        slug(text)
    assert refused.value.why.endswith(f"; {told} is none of these")


def test_a_slug_has_thirty_characters_at_most() -> None:
    """Thirty pass, thirty-one do not, and the error does not repeat a novel."""
    assert slug("a" * 30) == "a" * 30
    with pytest.raises(NameRefused, match="longer than 30") as refused:
        slug("a" * 100_000)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("text", sorted(RESERVED))
def test_reserved_names_are_refused(text: str) -> None:
    """The platform's own hosts and the regions are nobody's name."""
    with pytest.raises(NameRefused, match="is reserved"):
        slug(text)


def test_reserved_are_the_platform_s_hosts_and_all_regions() -> None:
    """A user `fra` in a personal tenant would look like a region's suffix."""
    assert {"auth", "api", "www", "traefik"} | CODES == RESERVED


@pytest.mark.parametrize("text", ["api-a", "api-auth", "api-a-b"])
def test_names_of_api_hosts_are_refused(text: str) -> None:
    """A dashboard's host never is another stack's API host."""
    with pytest.raises(NameRefused, match="API hosts") as refused:
        slug(text, "handle")
    assert ("handle", text) == (refused.value.what, refused.value.name)


def test_a_stack_s_name_says_user_and_tenant() -> None:
    """The personal tenant is left out; further stacks are told apart by region and template."""
    assert stack_name("user1", "user1") == "user1"
    assert stack_name("user1", "tenant1") == "user1-tenant1"
    assert stack_name("user1", "tenant1", "fra") == "user1-tenant1-fra"
    assert stack_name("user1", "user1", None, "todo") == "user1-todo"
    assert stack_name("user1", "tenant1", "fra", "todo") == "user1-tenant1-fra-todo"


@given(SLUGS, SLUGS, st.sampled_from([None, *sorted(CODES)]), st.one_of(st.none(), SLUGS))
def test_hosts_of_a_stack_are_sound(user: str, tenant: str, region: str | None, template: str | None) -> None:
    """Both hosts are canonical, fit DNS, and are never the platform's own."""
    parts = [user, *([tenant] if tenant != user else []), *filter(None, (region, template))]
    assume(len("api-" + "-".join(parts)) <= MAX_LABEL)
    name = stack_name(user, tenant, region, template)
    for host in stack_hosts(name, "inn.localhost"):
        assert host == canonical_host(host)
        assert host.partition(".")[0] not in RESERVED
        assert len(host.partition(".")[0]) <= MAX_LABEL


@given(SLUGS, SLUGS, SLUGS, SLUGS)
def test_different_names_share_no_host(user: str, tenant: str, other_user: str, other_tenant: str) -> None:
    """As names are unique in SQL, hosts are too: a dashboard's host never is another stack's API host."""
    try:
        one, other = stack_name(user, tenant), stack_name(other_user, other_tenant)
    except NameRefused:
        return
    assume(one != other)

    assert not set(stack_hosts(one, "d.example")) & set(stack_hosts(other, "d.example"))


def test_a_join_that_reads_two_ways_is_one_name() -> None:
    """Hyphens are not escaped: such stacks clash, and SQL's unique name tells the second one so."""
    assert stack_name("a-b", "c") == stack_name("a", "b-c") == stack_name("a-b-c", "a-b-c")


def test_a_name_too_long_for_its_api_host_is_refused() -> None:
    """59 characters leave room for `api-`; 60 do not."""
    assert len(stack_name("a" * 29, "b" * 29)) == 59
    with pytest.raises(NameRefused, match="too long for a host"):
        stack_name("a" * 30, "b" * 29)


@pytest.mark.parametrize("text", ["inn.localhost", "example.com", "a-b.c-d.example", "a." + "b" * 63])
def test_domains_pass_unchanged(text: str) -> None:
    """A canonical domain of two labels or more is taken as it is."""
    assert text == domain_name(text)


@pytest.mark.parametrize(
    "text",
    ["", "localhost", "A.example", "a.example.", ".example", "a..b", "-a.b", "a-.b", "a_b.c", "a.b:80", "a.b\n", "ä.de",
     "a." + "b" * 64, ".".join(["a" * 60] * 4)],
)  # fmt: skip
def test_other_domains_are_refused(text: str) -> None:
    """Single labels, capitals, dots and hyphens at the ends, ports, and what leaves no room for a stack's label."""
    with pytest.raises(NameRefused, match="domain"):
        domain_name(text)


@pytest.mark.parametrize(
    ("scheme", "port", "portal"),
    [
        ("http", 8080, "http://auth.inn.localhost:8080"),
        ("http", 80, "http://auth.inn.localhost"),
        ("https", 443, "https://auth.inn.localhost"),
        ("https", 80, "https://auth.inn.localhost:80"),
        ("http", 443, "http://auth.inn.localhost:443"),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(scheme: str, port: int, portal: str) -> None:
    """The port is left out exactly where the scheme implies it, so that Origin headers compare equal."""
    assert portal == Site("inn.localhost", scheme, port).portal


@pytest.mark.parametrize(
    "text", ["user1.inn.localhost", "USER1.Inn.LocalHost", "user1.inn.localhost.", "user1.inn.localhost:8080",
             "user1.inn.localhost.:8080", "user1.inn.localhost:"],
)  # fmt: skip
def test_a_host_has_one_form(text: str) -> None:
    """Case, trailing dot and port make no other host of it (CVE-2026-48794, CVE-2026-77560)."""
    assert canonical_host(text) == "user1.inn.localhost"


@pytest.mark.parametrize(
    "text",
    ["", ".", ":80", "a..b", "a.b..", "a_b.c", "-a.b", "a-.b", "a b.c", "a.b:x", "a.b:80:80", "a.b:-1", "a.b:+80",
     "a.b:\u0663", "a.b:123456", "[::1]", "[::1]:80", "u@a.b", "a.b/c", "a.b?c", "a.b#c", "a.b\\c", "a%2eb", "a.b, c.d",
     "\xe4.b", "\uff11.b", "\u212a.b", "a.b\n", "a" * 64 + ".b", ".".join(["a" * 50] * 6)],
)  # fmt: skip
def test_what_is_no_host_is_none(text: str) -> None:
    """Malformed hosts are refused, not mended: user parts, paths, lists, Unicode look-alikes, IPv6."""
    assert canonical_host(text) is None


@given(st.text(alphabet=string.printable + "\xe9\u0131\u017f\u212a", max_size=80))
def test_a_canonical_host_stays_as_it_is(text: str) -> None:
    """Canonicalising twice is canonicalising once, and the outcome is ASCII labels joined by dots."""
    host = canonical_host(text)
    if host is not None:
        assert host == canonical_host(host)
        assert all(LABEL.fullmatch(label) for label in host.split("."))
