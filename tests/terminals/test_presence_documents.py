"""What terminals write and read of presence (RFC 3863, RFC 4480, RFC 3858, RFC 4662)."""

from __future__ import annotations

import pytest

from conformance.terminals.presence_documents import (
    Member,
    Presence,
    PresenceState,
    read_list,
    read_pidf,
    read_winfo,
    write_pidf,
)

ALICE, BOB = "sip:alice@uc3m.netlab.test", "sip:bob@stuba.netlab.test"
WINFO = (
    '<watcherinfo xmlns="urn:ietf:params:xml:ns:watcherinfo" version="{}" state="{}"><watcher-list '
    f'resource="{ALICE}" package="presence"><watcher id="w1" event="subscribe" status="pending">{BOB}</watcher>'
    "</watcher-list></watcherinfo>"
)
LIST = (
    "--b\r\nContent-ID: <root@x>\r\nContent-Type: application/rlmi+xml\r\n\r\n"
    '<list xmlns="urn:ietf:params:xml:ns:rlmi" uri="sip:l@x" version="0" fullState="true">'
    f'<resource uri="{ALICE}"><instance id="1" state="active" cid="a@x"/></resource>'
    f'<resource uri="{BOB}"><instance id="2" state="pending"/></resource><resource uri="sip:c@x"/></list>\r\n'
    "--b\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <a@x>\r\nContent-Type: application/pidf+xml\r\n\r\n"
    "{}\r\n--b--\r\n"
)
RELATED = 'multipart/related; type="application/rlmi+xml"; start="<root@x>"; boundary=b'


def test_what_is_written_is_read_again() -> None:
    seen = read_pidf(write_pidf(ALICE, "phone", PresenceState("open", "on-the-phone", "soon & <back>")))
    assert seen == Presence(
        ALICE, frozenset({"open"}), frozenset({"on-the-phone"}), frozenset({"soon & <back>"}), tuples=1
    )
    assert seen.is_open


def test_a_document_fits_into_a_datagram() -> None:
    assert len(write_pidf(ALICE, "phone", PresenceState("open", "meeting", "back at noon"))) < 700


def test_an_activity_is_a_name() -> None:
    with pytest.raises(ValueError, match="activity: expected the name of an element"):
        write_pidf(ALICE, "phone", PresenceState(activity="x><y"))


@pytest.mark.parametrize("body", [b"", b"<presence/>", b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'])
def test_what_is_no_presence(body: bytes) -> None:
    with pytest.raises(ValueError, match="XML"):
        read_pidf(body)


def test_watcher_information() -> None:
    found = read_winfo(WINFO.format(3, "partial").encode())
    assert (found.version, found.is_full, found.watchers) == (3, False, {"w1": (BOB, "pending")})


@pytest.mark.parametrize("version", ["", "-1", "x", "9" * 11])
def test_watcher_information_without_a_version(version: str) -> None:
    with pytest.raises(ValueError, match="expected a version"):
        read_winfo(WINFO.format(version, "full").encode())


def test_a_list_tells_of_each_member() -> None:
    pidf = write_pidf(ALICE, "phone", PresenceState()).decode()
    members = read_list(RELATED, LIST.format(pidf).encode())
    assert members[ALICE].state == "active"
    assert members[ALICE].presence is not None
    assert members[ALICE].presence.is_open
    assert members[BOB] == Member("pending", None)
    assert members["sip:c@x"] == Member("", None)


@pytest.mark.parametrize(
    ("kind", "words"),
    [("application/pidf+xml", "expected multipart/related"), ("multipart/related; boundary=c", "expected")],
)
def test_what_is_no_list(kind: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_list(kind, LIST.format("").encode())
