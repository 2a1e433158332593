"""The certification authority of the VPN: the hub and each partner get a certificate, as PKCS#12 with a passphrase.

HTTPS servers of testbeds get theirs here too.

Keys are made once and kept in the user's cache, readable by the user alone. They open tunnels of labs on this machine
and nothing else. Certificates that must not be accepted (revoked, expired, of another authority) are made here too.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from conformance.vocabulary.errors import NetlabError, TestbedDown

CA_FILE = "ca.pem"
_KEY_FILE = "ca.key"
_LIFE = datetime.timedelta(days=3650)
_DAY = datetime.timedelta(days=1)


class Flaw(StrEnum):
    """Why a certificate must not be accepted."""

    NONE = "none"
    REVOKED = "revoked"
    EXPIRED = "expired"
    FOREIGN = "foreign"
    """Another authority signed it."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What OpenVPN is given to prove who it is."""

    pkcs12: Path
    passphrase: Path


def default_folder() -> Path:
    """Return where keys are kept: `$XDG_CACHE_HOME/netlab/pki`, else below `~/.cache`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "netlab" / "pki"


class Authority:
    """A certification authority in a folder; it is made where the folder has none, and renewed in its last month.

    Args:
        folder: only its owner may read it.

    Raises:
        TestbedDown: the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.chmod(0o700)
            with _alone(folder):
                if not self._is_usable():
                    self._begin()
                self._key = serialization.load_pem_private_key((folder / _KEY_FILE).read_bytes(), None)
                self._certificate = x509.load_pem_x509_certificate((folder / CA_FILE).read_bytes())
        except OSError as error:
            raise _unwritable(folder, error) from None

    @property
    def certificate(self) -> Path:
        """PEM file of the authority's own certificate."""
        return self.folder / CA_FILE

    def credentials(self, name: str, flaw: Flaw = Flaw.NONE, *, server: bool = False) -> Credentials:
        """Return the credentials of somebody; they are made at the first call.

        Args:
            name: common name.
            flaw: what is wrong with the certificate.
            server: for the hub: the certificate may be used by a server, else by a client.

        Raises:
            TestbedDown: they cannot be written.
        """
        base = self.folder / (name if flaw is Flaw.NONE else f"{name}.{flaw}")
        made = Credentials(base.with_name(base.name + ".p12"), base.with_name(base.name + ".pass"))
        try:
            with _alone(self.folder):
                if not made.pkcs12.exists() or not made.passphrase.exists():
                    self._issue(name, made, flaw, server=server)
        except OSError as error:
            raise _unwritable(self.folder, error) from None
        return made

    def server_chain(self, names: Sequence[str], address: str) -> bytes:
        """Return a new key and its certificate for a TLS server of a testbed, in PEM.

        Args:
            names: its host names; the first is the common name.
            address: its numeric address.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        known_as = [*map(x509.DNSName, names), x509.IPAddress(ip_address(address))]
        until = self._certificate.not_valid_after_utc
        certificate = (
            _of(names[0], key, self._certificate, until, ExtendedKeyUsageOID.SERVER_AUTH)
            .add_extension(x509.SubjectAlternativeName(known_as), critical=False)
            .sign(self._signer(), hashes.SHA256())
        )
        return _private(key) + certificate.public_bytes(serialization.Encoding.PEM)

    def revocation_list(self, file: Path, names: Iterable[str] = ()) -> None:
        """Write a certificate revocation list (PEM).

        Args:
            file: where; an older one is replaced at once.
            names: whose certificates are revoked: those issued with `Flaw.REVOKED`.
        """
        now = _now()
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._certificate.subject)
            .last_update(now - _DAY)
            .next_update(now + _LIFE)
        )
        for name in names:
            serial = self._serial(self.credentials(name, Flaw.REVOKED))
            revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - _DAY).build()
            builder = builder.add_revoked_certificate(revoked)
        signed = builder.sign(self._signer(), hashes.SHA256())
        _write(file, signed.public_bytes(serialization.Encoding.PEM))

    def _is_usable(self) -> bool:
        try:
            certificate = x509.load_pem_x509_certificate((self.folder / CA_FILE).read_bytes())
            return (self.folder / _KEY_FILE).exists() and certificate.not_valid_after_utc > _now() + 30 * _DAY
        except (OSError, ValueError):
            return False

    def _begin(self) -> None:
        for old in self.folder.iterdir():
            if old.suffix in (".p12", ".pass", ".pem", ".key"):
                old.unlink()
        key, certificate = _authority("NetLab VPN")
        _write(self.folder / _KEY_FILE, _private(key))
        _write(self.folder / CA_FILE, certificate.public_bytes(serialization.Encoding.PEM))

    def _issue(self, name: str, made: Credentials, flaw: Flaw, *, server: bool) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        ca_key, ca = (self._signer(), self._certificate) if flaw is not Flaw.FOREIGN else _authority("Somebody else")
        now = _now()
        until = now - _DAY if flaw is Flaw.EXPIRED else ca.not_valid_after_utc
        usage = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        certificate = _of(name, key, ca, until, usage).sign(ca_key, hashes.SHA256())
        passphrase = secrets.token_urlsafe(18).encode()
        content = pkcs12.serialize_key_and_certificates(
            name.encode(), key, certificate, [ca], serialization.BestAvailableEncryption(passphrase)
        )
        _write(made.passphrase, passphrase + b"\n")
        _write(made.pkcs12, content)

    def _serial(self, credentials: Credentials) -> int:
        passphrase = credentials.passphrase.read_bytes().strip()
        _, certificate, _ = pkcs12.load_key_and_certificates(credentials.pkcs12.read_bytes(), passphrase)
        if certificate is None:
            raise TestbedDown(f"{credentials.pkcs12}: expected a certificate in it; remove the folder, it is made anew")
        return certificate.serial_number

    def _signer(self) -> ec.EllipticCurvePrivateKey:
        assert isinstance(self._key, ec.EllipticCurvePrivateKey)
        return self._key


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other labs out, which may be starting at the same time: a key and its passphrase are two files."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _authority(name: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    now = _now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 60 * _DAY)
        .not_valid_after(now + _LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return key, certificate


def _of(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    ca: x509.Certificate,
    until: datetime.datetime,
    usage: x509.ObjectIdentifier,
) -> x509.CertificateBuilder:
    """Return what is common to the certificates that an authority gives out; it is not signed."""
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(ca.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_now() - 30 * _DAY)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    )


def _key_usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=not signs,
        encipher_only=False,
        decipher_only=False,
    )


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(file: Path, content: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    unfinished.replace(file)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _unwritable(folder: Path, error: OSError) -> NetlabError:
    return TestbedDown(
        f"{error.filename or folder}: {error.strerror}; expected a folder for the keys of the VPN that can be written: "
        "set XDG_CACHE_HOME to one"
    )
