"""TLS without a certificate shop: an authority of the venue's own signs the venue's certificate.

The authority's private key is forgotten as soon as it has signed that one certificate, so whoever
trusts the authority trusts this venue and nothing else, ever.

Source: RFC 5280, sections 4.2.1 (extensions a strict verifier asks for).
"""

import datetime
import ipaddress
import ssl
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

from strikewire.model import NS_PER_S
from strikewire.venue.config import ServerConfig
from strikewire.venue.datadir import DataDir, DataDirError
from strikewire.venue.settings import ConfigError

LIFETIME_DAYS: Final = 397
"""How long a certificate holds; clients of some makers refuse longer ones."""

RENEWAL_DAYS: Final = 30
"""A certificate this close to its end is made anew at the next start."""

# A client whose clock is a little late must not refuse a certificate made this minute.
_CLOCK_SLACK: Final = datetime.timedelta(hours=1)

_LOCAL_NAMES: Final = ("localhost", "127.0.0.1", "::1")
_WILDCARDS: Final = ("", "0.0.0.0", "::")


class Certificates(Struct, frozen=True):
    """What a server needs, and what its clients need, as PEM."""

    authority: bytes
    certificate: bytes
    private_key: bytes


def server_context(server: ServerConfig, folder: DataDir, now_ns: int) -> ssl.SSLContext:
    """Return what the server listens with: the configured certificate, or one of its own.

    Raises:
        ConfigError: The configured files hold no certificate and key.
        DataDirError: A file of the folder cannot be read or written, or holds something else.
    """
    if server.certificate:
        return _configured(server)
    _ensure_certificates(server.host, folder, now_ns)
    try:
        return _context(str(folder.certificate), str(folder.private_key))
    except OSError as error:
        reason = f"no usable certificate, or {folder.private_key.name} is not its key: {error}"
        raise DataDirError(f"{folder.certificate}: {reason}") from None


def check_certificate(server: ServerConfig) -> None:
    """Refuse configured files that no server could use.

    Raises:
        ConfigError: They hold no certificate and key, or one of the two is not configured.
    """
    if server.tls and server.certificate:
        _configured(server)
    elif server.private_key and not server.certificate:
        raise ConfigError(f"server.private_key = {server.private_key!r}: whose? name a certificate")


def make_certificates(names: tuple[str, ...], now_ns: int) -> Certificates:
    """Make an authority, let it sign one server certificate, and forget the authority's key.

    Args:
        names: Host names and IP addresses the server is reached by.
        now_ns: Nanoseconds since the Unix epoch.
    """
    now = datetime.datetime.fromtimestamp(now_ns // NS_PER_S, datetime.UTC)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority_name = _name("Strikewire venue authority")
    authority = (
        _builder(authority_name, authority_name, authority_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(authority_key, SHA256())
    )
    key = ec.generate_private_key(ec.SECP256R1())
    alternatives = x509.SubjectAlternativeName([_alternative(name) for name in names])
    certificate = (
        _builder(_name("Strikewire venue"), authority_name, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(alternatives, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
            critical=False,
        )
        .sign(authority_key, SHA256())
    )
    return Certificates(
        authority=authority.public_bytes(Encoding.PEM),
        certificate=certificate.public_bytes(Encoding.PEM),
        private_key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )


def is_current(certificate: bytes, names: tuple[str, ...], now_ns: int) -> bool:
    """Tell whether a certificate (PEM) is good for these names and for some time to come."""
    try:
        parsed = x509.load_pem_x509_certificate(certificate)
        covered = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    now = datetime.datetime.fromtimestamp(now_ns // NS_PER_S, datetime.UTC)
    ends = parsed.not_valid_after_utc - datetime.timedelta(days=RENEWAL_DAYS)
    return now < ends and all(_alternative(name) in covered for name in names)


def _configured(server: ServerConfig) -> ssl.SSLContext:
    try:
        return _context(server.certificate, server.private_key or None)
    except OSError as error:
        reason = f"no usable certificate and key: {error}"
        raise ConfigError(f"server.certificate = {server.certificate!r}: {reason}") from None


def _context(certificate: str, private_key: str | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, private_key)
    return context


def _ensure_certificates(host: str, folder: DataDir, now_ns: int) -> None:
    names: tuple[str, ...] = _LOCAL_NAMES
    if host not in (*_LOCAL_NAMES, *_WILDCARDS):
        names = (*names, host)
    files = (folder.authority, folder.certificate, folder.private_key)
    are_there = all(file.exists() for file in files)
    if are_there and is_current(_read(folder.certificate), names, now_ns):
        return
    made = make_certificates(names, now_ns)
    folder.write(folder.private_key, made.private_key, is_secret=True)
    folder.write(folder.certificate, made.certificate, is_secret=False)
    folder.write(folder.authority, made.authority, is_secret=False)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise DataDirError(f"{file}: {error.strerror}") from None


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    now: datetime.datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SLACK)
        .not_valid_after(now + datetime.timedelta(days=LIFETIME_DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
