"""Registration information is read within bounds, and nothing in it is expanded."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.criteria.reginfo import read_reginfo
from conformance.criteria.xml_tree import MAX_DEPTH, NotReadError, NotWellFormedError

HEAD = '<reginfo xmlns="urn:ietf:params:xml:ns:reginfo" version="3" state="full">'
CONTACT = '<contact id="7" state="active" event="registered"><uri> sip:a@ue </uri></contact>'
DOCUMENT = (
    f'<?xml version="1.0"?>\n{HEAD}<registration aor="sip:a@b" id="1" state="active">{CONTACT}</registration></reginfo>'
)


def test_a_document() -> None:
    found = read_reginfo(DOCUMENT.encode())
    assert (found.version, found.state, found.problems, found.prefixed) == (3, "full", (), False)
    (registration,) = found.registrations
    assert (registration.aor, registration.id, registration.state) == ("sip:a@b", "1", "active")
    (contact,) = registration.contacts
    assert (contact.state, contact.event, contact.uri) == ("active", "registered", "sip:a@ue")
    assert DOCUMENT[contact.offset :].startswith("<contact")
    assert DOCUMENT[registration.offset :].startswith("<registration")


def test_all_registrations_are_over() -> None:
    text = DOCUMENT.replace('state="active"', 'state="terminated"').replace("registered", "expired")
    assert read_reginfo(text.encode()).is_over
    assert not read_reginfo(DOCUMENT.encode()).is_over
    assert not read_reginfo(f"{HEAD}</reginfo>".encode()).is_over


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('version="3"', 'version="-1"', "version"),
        ('version="3"', 'version="4294967296"', "version"),
        ('state="full"', 'state="whole"', "state of reginfo"),
        ('aor="sip:a@b"', "", "no aor"),
        ('id="1" state="active"', 'id="1" state="gone"', "state of a registration"),
        ('id="7"', "", "no id"),
        ('event="registered"', 'event="expired"', "active with the event expired"),
        ("<uri> sip:a@ue </uri>", "", "no uri"),
        ("reginfo", "reginfos", "root"),
    ],
)
def test_departures_from_the_schema(old: Any, new: Any, words: Any) -> None:
    assert words in read_reginfo(DOCUMENT.replace(old, new).encode()).problems[0].what


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"<reginfo>",
        b"\xff\xfe\x00",
        DOCUMENT.encode() + b"<more/>",
        DOCUMENT.replace('version="1.0"', 'version="1.0" encoding="no-such-thing"').encode(),
        DOCUMENT.replace("sip:a@ue", "&unknown;").encode(),
    ],
)
def test_what_is_no_xml(body: Any) -> None:
    with pytest.raises(NotWellFormedError):
        read_reginfo(body)


LAUGHS = "<!DOCTYPE r [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'>]>" + DOCUMENT.replace('<?xml version="1.0"?>', "")


@pytest.mark.parametrize(
    "body",
    [
        LAUGHS,
        "<!DOCTYPE r SYSTEM 'file:///etc/passwd'><r/>",
        DOCUMENT + " " * 65_536,
        "<a>" * (MAX_DEPTH + 1) + "</a>" * (MAX_DEPTH + 1),
        "<a>" + "<b/>" * 3_000 + "</a>",
    ],
    ids=["entities", "external", "large", "deep", "wide"],
)
def test_what_is_not_read(body: Any) -> None:
    with pytest.raises(NotReadError):
        read_reginfo(body.encode())


def test_prefixes_are_noted() -> None:
    text = '<r:reginfo xmlns:r="urn:ietf:params:xml:ns:reginfo" version="0" state="full"/>'
    assert read_reginfo(text.encode()).prefixed
