"""The local CA and the gate's certificate."""

import ssl
from pathlib import Path

import pytest
from cryptography import x509

from innkeeper.platform import ca
from innkeeper.platform.errors import InnError
from innkeeper.platform.layout import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    layout.make()
    ca.make_certificates(layout)
    return layout


def handshake(layout: Layout, name: str) -> None:
    """A TLS handshake in memory between the gate's certificate and a client that trusts the CA alone."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(layout.gate_certificate, layout.gate_key)
    client = ssl.create_default_context(capath=None, cafile=str(layout.trust / "innkeeper-ca.pem"))
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = client.wrap_bio(to_client, to_server, server_hostname=name)
    far = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(5):
        for side in (near, far):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_the_gate_is_believed_under_its_names(layout: Layout, name: str) -> None:
    """Who trusts the CA shakes hands with the gate under both of its names."""
    handshake(layout, name)


def test_the_gate_is_not_believed_under_another_name(layout: Layout) -> None:
    """The certificate is good for loopback alone."""
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(layout, "auth.inn.localhost")


def test_a_second_start_keeps_everything(layout: Layout) -> None:
    """Made again, nothing changes, so that a running Traefik and gate still know each other."""
    before = {path: path.read_bytes() for path in layout.ca.rglob("*.*") if path.is_file()}

    ca.make_certificates(layout)

    assert before == {path: path.read_bytes() for path in layout.ca.rglob("*.*") if path.is_file()}


def test_a_lost_ca_is_made_anew_with_the_certificate(layout: Layout) -> None:
    """A new CA means a new certificate of the gate, else Traefik would refuse the old one."""
    (layout.ca / "ca.key").unlink()

    ca.make_certificates(layout)

    handshake(layout, "localhost")


def test_a_certificate_near_its_end_is_made_anew(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within 30 days of its end the certificate is renewed by the next start, the CA stays."""
    first = layout.gate_certificate.read_bytes()
    end = x509.load_pem_x509_certificate(first).not_valid_after_utc
    monkeypatch.setattr(ca, "_now", lambda: end - ca._RENEW)
    authority = (layout.ca / "ca.pem").read_bytes()

    ca.make_certificates(layout)

    assert first != layout.gate_certificate.read_bytes()
    assert authority == (layout.ca / "ca.pem").read_bytes()


def test_keys_are_for_their_owner_alone(layout: Layout) -> None:
    """Nobody else can read the CA's key or the gate's."""
    assert {0o600} == {path.stat().st_mode & 0o777 for path in layout.ca.glob("*.key")}


@pytest.mark.parametrize("name", ["ca.pem", "ca.key", "gate.pem"])
def test_what_is_no_certificate_is_said(layout: Layout, name: str) -> None:
    """Rubbish in place of a certificate or key is an error with the directory and what to do."""
    (layout.ca / name).write_text("rubbish")
    if name == "ca.key":
        layout.gate_certificate.unlink()

    with pytest.raises(InnError, match="remove the directory"):
        ca.make_certificates(layout)
