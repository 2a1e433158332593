"""A file of keys: what tshark would not understand is refused, and nothing of it is repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.trace.keys import check_keys
from conformance.vocabulary.errors import BadInput

ESP = '"IPv4","127.31.0.1","*","0x1","AES-CBC [RFC3602]","0x000102030405060708090a0b0c0d0e0f","NULL",""'
TLS = "CLIENT_RANDOM " + "0a" * 32 + " " + "0b" * 48
SECRET = "5ec2e7"


def written(folder: Path, *lines: str) -> Path:
    file = folder / "keys.txt"
    file.write_text("\n".join(lines))
    return file


@pytest.mark.parametrize(
    "line",
    [
        ESP,
        TLS,
        f'{ESP},"32-bit"',
        '"IPv6","2001:db8::1","*","*","NULL","","HMAC-SHA-1-96 [RFC2404]","0xab"',
        "SERVER_TRAFFIC_SECRET_0 " + "0a" * 32 + " " + "0b" * 32,
        "RSA Session-ID:0a Master-Key:0b",
    ],
)
def test_lines_of_both_forms_are_keys(tmp_path: Path, line: str) -> None:
    check_keys(written(tmp_path, "# sent by a partner", "", line + "\r"))


@pytest.mark.parametrize(
    "line",
    [
        ESP.replace("0x0001", f"0x{SECRET}z"),  # no hexadecimal: tshark would repeat the key
        ESP.replace("0x0001", SECRET),
        ESP.replace('"AES-CBC [RFC3602]",', ""),  # one field less: the key would be taken for an algorithm
        ESP.replace("AES-CBC [RFC3602]", f"0x{SECRET}"),
        ESP.replace('""', '"'),
        ESP.replace("IPv4", "IPv5"),
        f"CLIENT_RANDOM {SECRET}",
        SECRET,
    ],
)
def test_any_other_line_is_named_by_its_number_alone(tmp_path: Path, line: str) -> None:
    file = written(tmp_path, TLS, line)
    with pytest.raises(BadInput) as told:
        check_keys(file)
    assert str(told.value).startswith(f"{file}: line 2 is no key, expected TLS key log lines")
    assert SECRET not in str(told.value)


def test_a_file_without_a_key_and_one_that_cannot_be_read_are_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no key in it"):
        check_keys(written(tmp_path, "# none"))
    with pytest.raises(BadInput, match="cannot be read"):
        check_keys(tmp_path / "none")


def test_a_file_that_never_ends_is_bad_input() -> None:
    with pytest.raises(BadInput, match="more than 16 MB"):
        check_keys(Path("/dev/zero"))
