"""The venue's own authority signs one certificate that strict clients accept."""

import datetime
import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509

from strikewire.venue.config import ServerConfig
from strikewire.venue.datadir import DataDir, DataDirError
from strikewire.venue.settings import ConfigError
from strikewire.venue.tls import (
    check_certificate,
    is_current,
    make_certificates,
    server_context,
)

NOW_NS = 1_790_000_000 * 10**9
DAY_NS = 86_400 * 10**9
NAMES = ("localhost", "127.0.0.1", "::1")


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> None:
    """Let two ends of TLS talk through memory until both are content."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    left = client.wrap_bio(to_client, to_server, server_hostname=name)
    right = server.wrap_bio(to_server, to_client, server_side=True)
    done: set[ssl.SSLObject] = set()
    while len(done) < 2:
        for end in (left, right):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            done.add(end)


def strict_client(authority: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authority))
    # What Python 3.13 asks for by default.
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


@pytest.mark.parametrize("name", NAMES)
def test_a_strict_client_that_trusts_the_authority_accepts_every_local_name(
    tmp_path: Path, name: str
) -> None:
    folder = DataDir(tmp_path)
    # Certificates are checked against the real date, so this one starts from it.
    now_ns = int(datetime.datetime.now(datetime.UTC).timestamp()) * 10**9  # noqa: TID251 - see above

    handshake(server_context(ServerConfig(), folder, now_ns), strict_client(folder.authority), name)


def test_another_name_is_refused(tmp_path: Path) -> None:
    folder = DataDir(tmp_path)
    now_ns = int(datetime.datetime.now(datetime.UTC).timestamp()) * 10**9  # noqa: TID251 - see above
    server = server_context(ServerConfig(), folder, now_ns)

    with pytest.raises(ssl.SSLCertVerificationError, match="match"):
        handshake(server, strict_client(folder.authority), "venue.example")


def test_a_second_start_keeps_the_certificate_and_a_late_one_renews_it(tmp_path: Path) -> None:
    folder = DataDir(tmp_path)
    server_context(ServerConfig(), folder, NOW_NS)
    first = folder.certificate.read_bytes()

    server_context(ServerConfig(), folder, NOW_NS + 100 * DAY_NS)
    kept = folder.certificate.read_bytes()
    server_context(ServerConfig(), folder, NOW_NS + 370 * DAY_NS)
    renewed = folder.certificate.read_bytes()

    assert kept == first
    assert renewed != first


def test_a_host_that_the_certificate_does_not_name_gets_a_new_one(tmp_path: Path) -> None:
    folder = DataDir(tmp_path)
    server_context(ServerConfig(host="0.0.0.0"), folder, NOW_NS)
    first = folder.certificate.read_bytes()

    server_context(ServerConfig(host="venue.example"), folder, NOW_NS)

    second = folder.certificate.read_bytes()
    assert second != first
    assert is_current(second, (*NAMES, "venue.example"), NOW_NS)
    assert not is_current(first, (*NAMES, "venue.example"), NOW_NS)


def test_the_private_key_is_its_owners_alone_and_the_authoritys_is_kept_nowhere(
    tmp_path: Path,
) -> None:
    folder = DataDir(tmp_path)
    server_context(ServerConfig(), folder, NOW_NS)

    keys = [file.name for file in tmp_path.iterdir() if b"PRIVATE KEY" in file.read_bytes()]
    assert keys == ["server-key.pem"]
    assert stat.S_IMODE(folder.private_key.stat().st_mode) == 0o600


def test_the_authority_may_sign_servers_only_and_no_further_authority() -> None:
    made = make_certificates(NAMES, NOW_NS)
    authority = x509.load_pem_x509_certificate(made.authority)
    constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints)

    assert constraints.critical
    assert (constraints.value.ca, constraints.value.path_length) == (True, 0)


def test_what_is_no_certificate_is_not_current() -> None:
    assert not is_current(b"", NAMES, NOW_NS)
    # The authority itself is a certificate, but names no host.
    assert not is_current(make_certificates(NAMES, NOW_NS).authority, NAMES, NOW_NS)


def test_a_configured_certificate_is_used_instead(tmp_path: Path) -> None:
    made = make_certificates(NAMES, NOW_NS)
    (tmp_path / "mine.pem").write_bytes(made.certificate + made.private_key)
    folder = DataDir(tmp_path / "data")

    server_context(ServerConfig(certificate=str(tmp_path / "mine.pem")), folder, NOW_NS)

    assert not folder.path.exists()


@pytest.mark.parametrize("content", [None, b"", b"not a certificate"])
def test_a_configured_certificate_that_is_none_is_named(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "mine.pem"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(ConfigError, match=r"mine\.pem': no usable certificate"):
        server_context(ServerConfig(certificate=str(file)), DataDir(tmp_path), NOW_NS)
    with pytest.raises(ConfigError, match=r"mine\.pem': no usable certificate"):
        check_certificate(ServerConfig(certificate=str(file)))


def test_a_private_key_needs_its_certificate() -> None:
    with pytest.raises(ConfigError, match=r"server\.private_key = 'mine\.pem': whose"):
        check_certificate(ServerConfig(private_key="mine.pem"))


def test_where_no_certificate_is_configured_there_is_nothing_to_check() -> None:
    check_certificate(ServerConfig())
    check_certificate(ServerConfig(tls=False, certificate="absent.pem"))


@pytest.mark.parametrize("name", ["server.pem", "server-key.pem"])
def test_a_file_of_the_folder_that_cannot_be_used_is_named(tmp_path: Path, name: str) -> None:
    folder = DataDir(tmp_path)
    server_context(ServerConfig(), folder, NOW_NS)
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()

    with pytest.raises(DataDirError, match=name.replace(".", r"\.")):
        server_context(ServerConfig(), folder, NOW_NS)
