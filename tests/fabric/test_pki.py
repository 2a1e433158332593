"""The certification authority of the VPN: who may read its keys, and certificates that must not be accepted."""

from __future__ import annotations

import datetime
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID

from conformance.fabric.pki import Authority, Credentials, Flaw, default_folder
from conformance.vocabulary.errors import TestbedDown


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "netlab" / "pki")


def certificate(credentials: Credentials) -> x509.Certificate:
    passphrase = credentials.passphrase.read_bytes().strip()
    _, found, _ = pkcs12.load_key_and_certificates(credentials.pkcs12.read_bytes(), passphrase)
    assert found is not None
    return found


def ca(authority: Authority) -> x509.Certificate:
    return x509.load_pem_x509_certificate(authority.certificate.read_bytes())


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def test_only_the_owner_can_read_keys_and_passphrases(authority: Authority) -> None:
    authority.credentials("uc3m")
    assert stat.S_IMODE(authority.folder.stat().st_mode) == 0o700
    files = list(authority.folder.iterdir())
    assert len(files) == 4
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_folder_that_others_could_read_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    folder.mkdir(mode=0o755)
    Authority(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_certificate_is_signed_for_its_name_and_use(authority: Authority) -> None:
    for name, server, usage in (("hub", True, "SERVER_AUTH"), ("uc3m", False, "CLIENT_AUTH")):
        made = certificate(authority.credentials(name, server=server))
        made.verify_directly_issued_by(ca(authority))
        assert made.subject.rfc4514_string() == f"CN={name}"
        assert made.not_valid_before_utc < now() < made.not_valid_after_utc
        uses = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert list(uses) == [getattr(ExtendedKeyUsageOID, usage)]


def test_a_server_has_a_certificate_for_its_names_and_its_address(authority: Authority) -> None:
    chain = authority.server_chain(["xdms.x.test", "xcap.x.test"], "127.0.0.9")
    made = x509.load_pem_x509_certificate(chain)
    made.verify_directly_issued_by(ca(authority))
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["xdms.x.test", "xcap.x.test"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.9"]
    uses = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(uses) == [ExtendedKeyUsageOID.SERVER_AUTH]
    key = load_pem_private_key(chain, None)
    assert key.public_key() == made.public_key()


def test_the_passphrase_is_needed(authority: Authority) -> None:
    content = authority.credentials("uc3m").pkcs12.read_bytes()
    with pytest.raises(ValueError, match="password"):
        pkcs12.load_key_and_certificates(content, b"wrong")


def test_keys_are_made_once(authority: Authority) -> None:
    first = certificate(authority.credentials("uc3m")).serial_number
    again = Authority(authority.folder)
    assert certificate(again.credentials("uc3m")).serial_number == first
    assert ca(again) == ca(authority)


def test_two_labs_that_start_at_once_agree_on_one_authority(tmp_path: Path) -> None:
    program = "import sys; from pathlib import Path; from conformance.fabric.pki import Authority\n"
    program += "print(Authority(Path(sys.argv[1])).credentials('uc3m').pkcs12)"
    words = [sys.executable, "-c", program, str(tmp_path / "pki")]
    both = [subprocess.Popen(words, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait(30) for process in both] == [0, 0]
    again = Authority(tmp_path / "pki")
    certificate(again.credentials("uc3m")).verify_directly_issued_by(ca(again))


def test_a_broken_authority_is_made_anew_and_so_is_what_it_signed(authority: Authority) -> None:
    first = certificate(authority.credentials("uc3m"))
    authority.certificate.write_text("nonsense")
    again = Authority(authority.folder)
    made = certificate(again.credentials("uc3m"))
    assert made.serial_number != first.serial_number
    made.verify_directly_issued_by(ca(again))


def test_an_expired_certificate_is_of_the_authority_and_out_of_date(authority: Authority) -> None:
    made = certificate(authority.credentials("uc3m", Flaw.EXPIRED))
    made.verify_directly_issued_by(ca(authority))
    assert made.not_valid_after_utc < now()


def test_a_foreign_certificate_is_of_somebody_else(authority: Authority) -> None:
    made = certificate(authority.credentials("uc3m", Flaw.FOREIGN))
    with pytest.raises((ValueError, InvalidSignature)):
        made.verify_directly_issued_by(ca(authority))


def test_only_the_revoked_certificate_of_a_partner_is_on_the_list(authority: Authority, tmp_path: Path) -> None:
    file = tmp_path / "crl.pem"
    authority.revocation_list(file)
    assert list(x509.load_pem_x509_crl(file.read_bytes())) == []
    authority.revocation_list(file, ["uc3m"])
    revocations = x509.load_pem_x509_crl(file.read_bytes())
    assert [one.serial_number for one in revocations] == [
        certificate(authority.credentials("uc3m", Flaw.REVOKED)).serial_number
    ]
    sound = certificate(authority.credentials("uc3m")).serial_number
    assert revocations.get_revoked_certificate_by_serial_number(sound) is None


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TestbedDown, match=r"^[^\n]*file/pki: Not a directory; [^\n]*: set XDG_CACHE_HOME to one$"):
        Authority(tmp_path / "file" / "pki")


def test_keys_are_kept_in_the_cache_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert default_folder() == Path("/somewhere/netlab/pki")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert default_folder() == Path("/home/somebody/.cache/netlab/pki")
