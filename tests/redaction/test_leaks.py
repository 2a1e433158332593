import base64
from pathlib import Path
from urllib.parse import quote

import pytest

from conformance.redaction.leaks import LeakSearch
from conformance.redaction.payloads import Redactor
from conformance.vocabulary.errors import HarnessFault

KEY = bytes.fromhex("b40ba9a3c58b2a05bbf0d987b21bf8cb")
WHO = b"alice@uc3m.test"


@pytest.mark.parametrize(
    "left",
    [
        WHO,
        b"sip:ALICE@elsewhere",
        b"\x16alice@uc3m.test",
        b"alice%40uc3m.test",
        b"the user alice",
        WHO.hex().encode(),
        WHO.hex(" ").encode(),
        base64.b64encode(WHO),
        base64.b64encode(b"ab" + WHO + b"ab"),
        quote(WHO).encode(),
        b"tel:+421900123456 421900123456",
        KEY,
        KEY.hex().encode(),
        KEY.hex().upper().encode(),
        KEY.hex(":").encode(),
        KEY[4:12].hex(" ").encode(),
        base64.b64encode(KEY),
    ],
)
def test_whatever_is_left_in_whatever_form_nothing_is_delivered(
    redactor: Redactor, tmp_path: Path, left: bytes
) -> None:
    redactor.secrets.octets(KEY)
    (tmp_path / "capture.pcapng").write_bytes(b"\0\1\2 before " + left + b" behind \xff\xfe")
    with pytest.raises(HarnessFault, match=r"redaction left .* in capture\.pcapng; nothing was delivered"):
        LeakSearch(redactor).refuse(tmp_path)


@pytest.mark.parametrize("right", [b"bob@stuba.test", b"sip:scscf.uc3m.test;lr", b"malice in general", b"\x40" * 40])
def test_what_may_be_seen_is_no_leak(redactor: Redactor, tmp_path: Path, right: bytes) -> None:
    redactor.secrets.octets(KEY)
    (tmp_path / "result.json").write_bytes(right)
    LeakSearch(redactor).refuse(tmp_path)


def test_what_redaction_wrote_is_no_leak(redactor: Redactor, tmp_path: Path) -> None:
    text = redactor.identities.in_text("sip:alice@uc3m.test tel:+421900123456") + redactor.secrets.octets(KEY).hex()
    (tmp_path / "result.json").write_text(text)
    LeakSearch(redactor).refuse(tmp_path)
