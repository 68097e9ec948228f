"""E-mail addresses in one canonical form, and handles proposed from them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth_manager.errors import FieldRefused
from auth_manager.users.names import canonical_email, propose_handle
from stack_deployer.contract.names import slug


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("ada@example.com", "ada@example.com"),
        ("  Ada.Lovelace+inn@Example.COM\n", "ada.lovelace+inn@example.com"),
        ("o'neil@example.com", "o'neil@example.com"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@BÜCHER.example", "ada@xn--bcher-kva.example"),
        ("ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
        ("ada@example。com", "ada@example.com"),
        ("rene\u0301@example.com", "ren\u00e9@example.com"),
        ("REN\u00c9@example.com", "ren\u00e9@example.com"),
    ],
)
def test_an_address_has_one_form(typed: str, kept: str) -> None:
    """Case, surrounding space and the spelling of accents and domains make no difference."""
    assert kept == canonical_email(typed)


def test_sharp_s_is_not_folded_into_another_domain() -> None:
    """`faß.example` and `fass.example` are two domains, as IDNA 2008 has it."""
    assert canonical_email("ada@faß.example") != canonical_email("ada@fass.example")


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "ada", "ada@", "@example.com", "ada@localhost", "ada@@example.com", "ada@b@example.com",
        "ada@example..com", "ada@example.com.", "ada@.example.com", "ada@-example.com", "ada@exa_mple.com",
        "ada@127.0.0.1", "ada@[127.0.0.1]", "a da@example.com", '"a da"@example.com', "ada@exam ple.com",
        "ada.@example.com", ".ada@example.com", "a..da@example.com", "ada\x00@example.com", "ada@example.com\x00",
        "ada\r\nBcc: eve@example.com", "ada@example.com\r\nBcc:eve@example.com", "ada\u200b@example.com",
        "ada\u202e@example.com", "\uff41da@example.com", "ﬁn@example.com", "ada,eve@example.com", "<ada@example.com>",
        "a" * 65 + "@example.com", "ada@" + "a" * 64 + ".com", "ada@" + "a." * 130 + "com", "\ud800@example.com",
        "ada@\ud800.com", "ada@example.com#", "ada@example.com/x", "ada＠example.com", "x" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(typed: str) -> None:
    """Malformed, hidden, compatibility and too long forms are refused, with the field and the reason."""
    with pytest.raises(FieldRefused) as refused:
        canonical_email(typed)

    assert "email" == refused.value.field
    assert refused.value.why


ADDRESSES = st.one_of(
    st.text(), st.builds(lambda local, domain: f"{local}@{domain}", st.text(min_size=1), st.text(min_size=1)),
    st.builds(lambda local, domain: f"{local}@{domain}.example", st.text(min_size=1), st.text("aßüИ-x.", min_size=1)),
    st.builds(lambda local: f"{local}@example.com", st.characters(categories=("L", "M", "N"))),
)  # fmt: skip


@given(ADDRESSES)
def test_the_canonical_form_is_its_own(typed: str) -> None:
    """Whatever is typed is refused, or comes out in a form that comes out the same again, free of controls."""
    try:
        kept = canonical_email(typed)
    except FieldRefused:
        return

    assert kept == canonical_email(kept)
    assert kept == canonical_email(f" {kept.upper()} ") or not kept.isascii()
    assert kept.isprintable()
    assert 1 == kept.count("@")


@pytest.mark.parametrize(
    ("address", "handle"),
    [
        ("ada@example.com", "ada"),
        ("Ada.Lovelace+inn@example.com", "ada-lovelace"),
        ("rené_d@example.com", "rene-d"),
        ("42ada@example.com", "ada"),
        ("auth@example.com", "user-auth"),
        ("api.client@example.com", "user-api-client"),
        ("iad@example.com", "user-iad"),
        ("1234@example.com", ""),
        ("", ""),
        ("a" * 40 + "@example.com", "a" * 30),
    ],
)
def test_a_handle_is_proposed(address: str, handle: str) -> None:
    """The part before @ makes a handle that the grammar allows, reserved words told apart."""
    assert handle == propose_handle(address)


@given(ADDRESSES)
def test_a_proposed_handle_is_a_handle(typed: str) -> None:
    """Of any text, what is proposed is nothing or within the grammar."""
    proposed = propose_handle(typed)

    assert proposed == "" or slug(proposed) == proposed
