"""Presence documents (RFC 3863, 4479, 4480): read, composed over devices, refused where they attack."""

from __future__ import annotations

import pytest
from lxml import etree

from conformance.protocols.presence.pidf import compose, read_pidf, sphere_of, unavailable
from conformance.protocols.presence.xml_document import MAX_BYTES, MalformedDocument, write_document

ALICE = "sip:alice@uc3m.netlab.test"
NS = {
    "p": "urn:ietf:params:xml:ns:pidf",
    "dm": "urn:ietf:params:xml:ns:pidf:data-model",
    "rpid": "urn:ietf:params:xml:ns:pidf:rpid",
}
SCHEMA = " ".join(f'xmlns{"" if key == "p" else ":" + key}="{value}"' for key, value in NS.items())


def document(inner: str, entity: str = ALICE) -> bytes:
    return f'<?xml version="1.0"?><presence {SCHEMA} entity="{entity}">{inner}</presence>'.encode()


def a_tuple(id: str, basic: str = "open", more: str = "") -> str:
    return f'<tuple id="{id}"><status><basic>{basic}</basic></status>{more}</tuple>'


def person(*children: str, id: str = "p1") -> str:
    return f'<dm:person id="{id}">{"".join(children)}</dm:person>'


def activity(name: str) -> str:
    return f"<rpid:activities><rpid:{name}/></rpid:activities>"


def composed(*inner: str) -> etree._Element:
    """Compose documents, the newest first; the result is read back as a peer would."""
    return read_pidf(write_document(compose(ALICE, [read_pidf(document(one)) for one in inner])))


def test_tuples_of_several_devices_are_united() -> None:
    root = composed(a_tuple("phone") + a_tuple("mail"), a_tuple("tablet", "closed"))
    assert [one.get("id") for one in root.iterfind("p:tuple", NS)] == ["phone", "mail", "tablet"]
    assert root.get("entity") == ALICE


def test_two_devices_may_use_one_id() -> None:
    ids = [one.get("id") for one in composed(a_tuple("t"), a_tuple("t", "closed")).iterfind("p:tuple", NS)]
    assert ids[0] == "t"
    assert len(set(ids)) == 2


def test_there_is_one_person_and_the_newest_word_counts() -> None:
    older = person(activity("away"), "<rpid:mood><rpid:sad/></rpid:mood>", "<dm:note>in the train</dm:note>", id="p2")
    newer = person(activity("meeting"), "<dm:note>busy</dm:note>")
    root = composed(newer, older)
    assert len(root.findall("dm:person", NS)) == 1
    found = root.find("dm:person", NS)
    assert found is not None
    assert [etree.QName(one).localname for one in found.iterfind("rpid:activities/*", NS)] == ["meeting"]
    assert found.find("rpid:mood/rpid:sad", NS) is not None
    assert [one.text for one in found.iterfind("dm:note", NS)] == ["busy", "in the train"]
    assert [etree.QName(one).localname for one in found] == ["activities", "mood", "note", "note"]


def test_devices_and_notes_are_united() -> None:
    device = '<dm:device id="d{0}"><dm:deviceID>urn:x:{0}</dm:deviceID></dm:device>'
    root = composed(a_tuple("a") + "<note>same</note>" + device.format(1), device.format(2) + "<note>same</note>")
    assert len(root.findall("dm:device", NS)) == 2
    assert [one.text for one in root.iterfind("p:note", NS)] == ["same"]
    assert [etree.QName(one).localname for one in root][:2] == ["tuple", "note"]  # the order of the schema


def test_who_has_published_nothing_cannot_be_told_from_who_blocks_politely() -> None:
    assert write_document(compose(ALICE, [])) == write_document(unavailable(ALICE))
    assert [one.text for one in unavailable(ALICE).iterfind(".//p:basic", NS)] == ["closed"]


def test_sphere() -> None:
    assert sphere_of(read_pidf(document(person("<rpid:sphere>work</rpid:sphere>")))) == "work"
    assert sphere_of(read_pidf(document(person("<rpid:sphere><rpid:home/></rpid:sphere>")))) == "home"
    assert sphere_of(read_pidf(document(a_tuple("t")))) == ""


@pytest.mark.parametrize(
    "inner",
    [
        '<tuple id="t"/>',
        "<tuple><status/></tuple>",
        a_tuple("t") + a_tuple("t"),
        a_tuple("t", "perhaps"),
        "".join(a_tuple(f"t{number}") for number in range(101)),
        "<a>" * 40 + "</a>" * 40,
        "<a/>" * 4001,
    ],
)
def test_what_rfc_3863_does_not_have_is_refused(inner: str) -> None:
    with pytest.raises(MalformedDocument, match="expected"):
        read_pidf(document(inner))


LAUGHS = b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
FILE = b'<!DOCTYPE l [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
HIDDEN = '<!DOCTYPE l [<!ENTITY a "ha">]>' + document(a_tuple("t")).decode().partition("?>")[2]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<presence",
        document("", entity=""),
        b'<?xml version="1.0"?><other/>',
        document("x" * MAX_BYTES),
        LAUGHS + document("&b;").partition(b"?>")[2],
        FILE + document("&f;").partition(b"?>")[2],
        document("&nbsp;"),
        b"\xff\xfe" + HIDDEN.encode("utf-16-le"),
    ],
)
def test_attacks_and_noise_are_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(MalformedDocument) as refused:
        read_pidf(data)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 250
