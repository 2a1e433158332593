"""What is wrong with documents of presence, one thing each."""

from __future__ import annotations

import pytest

from conformance.criteria.pidf import NotReadError, list_problem, pidf_problem, read_watchers

PIDF = (
    '<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:alice@uc3m.test">'
    '<tuple id="a"><status><basic>open</basic></status></tuple></presence>'
)
WATCHERS = (
    '<watcherinfo xmlns="urn:ietf:params:xml:ns:watcherinfo" version="0" state="full">'
    '<watcher-list resource="sip:alice@uc3m.test" package="presence">'
    '<watcher id="w" status="active" event="subscribe">sip:bob@uc3m.test</watcher></watcher-list></watcherinfo>'
)
LIST = (
    '<list xmlns="urn:ietf:params:xml:ns:rlmi" uri="sip:f@uc3m.test" version="0" fullState="true">'
    '<resource uri="sip:alice@uc3m.test"><instance id="i" state="active"/></resource></list>'
)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("", "", ""),
        (' entity="sip:alice@uc3m.test"', "", "no entity"),
        ("alice", "bob", "entity is"),
        ('id="a"', "", "no id"),
        ("open", "away", "basic is"),
        ("<status><basic>open</basic></status>", "", "0 status"),
        ("</presence>", "<tuple id='a'><status/></tuple></presence>", "one id"),
        ("</tuple>", "", "no XML"),
        ("ns:pidf", "ns:other", "the root is"),
    ],
)
def test_presence(old: str, new: str, words: str) -> None:
    wrong = pidf_problem(PIDF.replace(old, new).encode() if old else PIDF.encode(), "sip:alice@uc3m.test")
    assert words in wrong
    assert bool(words) == bool(wrong)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("", "", ""),
        ('version="0"', 'version="-1"', "version"),
        ('state="full"', 'state="half"', "state"),
        ('status="active"', 'status="asleep"', "status"),
        ('event="subscribe"', 'event="other"', "event"),
        ('id="w"', "", "no id"),
        ('package="presence"', "", "package"),
        ("ns:watcherinfo", "ns:other", "the root is"),
    ],
)
def test_watchers(old: str, new: str, words: str) -> None:
    _, wrong = read_watchers(WATCHERS.replace(old, new, 1).encode() if old else WATCHERS.encode())
    assert words in wrong
    assert bool(words) == bool(wrong)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("", "", ""),
        ('fullState="true"', "", "no fullState"),
        ('id="i"', "", "no id"),
        ('state="active"', 'state="gone"', "state"),
        ('<resource uri="sip:alice@uc3m.test">', "<resource>", "no uri"),
        ("ns:rlmi", "ns:other", "the root is"),
    ],
)
def test_lists(old: str, new: str, words: str) -> None:
    wrong = list_problem(LIST.replace(old, new, 1).encode() if old else LIST.encode())
    assert words in wrong
    assert bool(words) == bool(wrong)


BOMB = "<!DOCTYPE a [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]>"


@pytest.mark.parametrize("judge", [pidf_problem, list_problem, read_watchers])
def test_documents_with_entities_or_too_many_elements_are_not_read(judge: object) -> None:
    assert callable(judge)
    for hostile in (BOMB + PIDF, "<a>" * 100, "<a>" + "<b/>" * 5000 + "</a>", "<a>" + "x" * 100_000 + "</a>"):
        with pytest.raises(NotReadError):
            judge(hostile.encode())
