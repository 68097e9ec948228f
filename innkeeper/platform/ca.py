"""A local certificate authority and the gate's certificate from it: HTTP/2 wants TLS (docs/decisions/0001)."""

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from innkeeper.platform import files
from innkeeper.platform.errors import InnError
from innkeeper.platform.layout import Layout

_CA_DAYS = 3650
_GATE_DAYS = 397
_RENEW = datetime.timedelta(days=30)  # before its end, at the next `up`


def make_certificates(layout: Layout) -> None:
    """Make the CA once and the gate's certificate when it is missing or near its end.

    Raises InnError for a file that is no certificate or key, OSError when one cannot be written.
    """
    certificate_path, key_path = layout.ca / "ca.pem", layout.ca / "ca.key"
    try:
        if not (certificate_path.exists() and key_path.exists()):
            key = ec.generate_private_key(ec.SECP256R1())
            files.write(key_path, _pem(key))
            files.write(certificate_path, _make_ca(key).public_bytes(serialization.Encoding.PEM))
            layout.gate_certificate.unlink(missing_ok=True)
        ca = x509.load_pem_x509_certificate(certificate_path.read_bytes())
        files.write_changed(layout.trust / "innkeeper-ca.pem", certificate_path.read_bytes())
        if not _lasts(layout, ca):
            _make_gate(layout, ca, key_path.read_bytes())
    except ValueError as error:
        raise InnError(f"{layout.ca}: {error}; remove the directory to have a new CA made") from None


def _lasts(layout: Layout, ca: x509.Certificate) -> bool:
    if not (layout.gate_certificate.exists() and layout.gate_key.exists()):
        return False
    found = x509.load_pem_x509_certificate(layout.gate_certificate.read_bytes())
    return found.issuer == ca.subject and found.not_valid_after_utc - _now() > _RENEW


def _make_ca(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    # The serial in the name: a CA made anew is another issuer, so the gate's certificate is made anew as well.
    serial = x509.random_serial_number()
    name = _name(f"Innkeeper local CA {serial:x}"[:64])
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    return (
        _builder(name, name, key.public_key(), serial, _CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _make_gate(layout: Layout, ca: x509.Certificate, ca_pem: bytes) -> None:
    ca_key = serialization.load_pem_private_key(ca_pem, password=None)
    if not isinstance(ca_key, ec.EllipticCurvePrivateKey) or ca_key.public_key() != ca.public_key():
        raise ValueError("ca.key is not the key of ca.pem")
    key = ec.generate_private_key(ec.SECP256R1())
    loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    serial = x509.random_serial_number()
    certificate = (
        _builder(_name("Innkeeper gate"), ca.subject, key.public_key(), serial, _GATE_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([loopback, x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    layout.gate_certificate.unlink(missing_ok=True)  # a kill between the two leaves none, so both are made anew
    files.write(layout.gate_key, _pem(key))
    files.write(layout.gate_certificate, certificate.public_bytes(serialization.Encoding.PEM))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, serial: int, days: int
) -> x509.CertificateBuilder:
    start = _now() - datetime.timedelta(hours=1)  # clocks of one machine set back a little
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=days))
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
