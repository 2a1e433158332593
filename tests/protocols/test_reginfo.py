"""Registration information documents (RFC 3680 5): what is written is read by us and by others."""

from __future__ import annotations

import contextlib
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.protocols.reginfo import (
    NAMESPACE,
    ContactState,
    RegInfo,
    RegistrationState,
    read_reginfo,
    write_reginfo,
)

CONTACT = ContactState("c1", 'sip:alice@10.0.0.1:5060;q="a"&b', "active", "registered", 600)
INFO = RegInfo(
    3,
    "full",
    (
        RegistrationState("r1", "sip:alice@uc3m.netlab.test", "active", (CONTACT,)),
        RegistrationState("r2", "tel:+34600", "terminated", (ContactState("c2", "sip:a@b", "terminated", "rejected"),)),
        RegistrationState("r3", "sip:nobody@uc3m.netlab.test", "init"),
    ),
)
REGINFO = f'<reginfo xmlns="{NAMESPACE}" version="0" state="full">'
FOREIGN = (
    f'<?xml version="1.0" encoding="UTF-8"?><r:reginfo xmlns:r="{NAMESPACE}" xmlns:g="urn:other" version="7" '
    'state="partial"><r:registration aor="sip:a@h" id="x" state="active"><r:contact id="y" state="active" '
    'event="refreshed" duration-registered="3" callid="z" cseq="2"><g:uri>sip:no</g:uri><r:uri> sip:a@1 </r:uri>'
    "<r:display-name>A</r:display-name></r:contact></r:registration></r:reginfo>"
)


def test_what_is_written_is_read() -> None:
    assert read_reginfo(write_reginfo(INFO)) == INFO


def test_another_reader_sees_the_same() -> None:
    root = ElementTree.fromstring(write_reginfo(INFO))  # noqa: S314  (our own document)
    assert (root.tag, root.get("version"), root.get("state")) == (f"{{{NAMESPACE}}}reginfo", "3", "full")
    first = root[0]
    assert first.attrib == {"aor": "sip:alice@uc3m.netlab.test", "id": "r1", "state": "active"}
    assert first[0].attrib == {"id": "c1", "state": "active", "event": "registered", "expires": "600"}
    assert first[0][0].text == CONTACT.uri


def test_a_document_of_somebody_else() -> None:
    contact = ContactState("y", "sip:a@1", "active", "refreshed")
    assert read_reginfo(FOREIGN.encode()) == RegInfo(
        7, "partial", (RegistrationState("x", "sip:a@h", "active", (contact,)),)
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "well-formed"),
        ("<reginfo>", "well-formed"),
        ("<?xml version='1.0' encoding='of-nobody'?><a/>", "unknown encoding: of-nobody"),
        ("<a/>", "expected the element reginfo"),
        (f'<reginfo xmlns="{NAMESPACE}" state="full"/>', "attribute version"),
        (f'<reginfo xmlns="{NAMESPACE}" version="-1" state="full"/>', "a number"),
        (f'<reginfo xmlns="{NAMESPACE}" version="{"9" * 11}" state="full"/>', "a number"),
        (f'{REGINFO}<registration aor="a" id="i"/></reginfo>', "attribute state"),
        (
            f'{REGINFO}<registration aor="a" id="i" state="active"><contact id="c" state="active" event="x"/>'
            "</registration></reginfo>",
            "expected a uri",
        ),
        (f'<!DOCTYPE reginfo [<!ENTITY a "b">]>{REGINFO}</reginfo>', "document type"),
        (f"{REGINFO}{' ' * 300_000}</reginfo>", "at most 262144 octets"),
        (REGINFO + '<registration aor="a" id="i" state="init"/>' * 300 + "</reginfo>", "at most 256"),
    ],
)
def test_hostile_documents(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        read_reginfo(text.encode())


@given(st.binary(max_size=200))
def test_any_octets_are_refused_or_read(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        read_reginfo(data)
