"""Presence authorisation rules (RFC 5025, RFC 4745): conditions, precedence, and what is left of a document."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from lxml import etree

from conformance.protocols.presence.identity import canonical
from conformance.protocols.presence.pidf import read_pidf
from conformance.protocols.presence.pres_rules import Occasion, SubHandling, read_rules
from conformance.protocols.presence.transformations import transformed
from conformance.protocols.presence.xml_document import MalformedDocument

BOB = "sip:bob@stuba.netlab.test"
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HEAD = (
    '<cr:ruleset xmlns:cr="urn:ietf:params:xml:ns:common-policy" xmlns:pr="urn:ietf:params:xml:ns:pres-rules" '
    'xmlns:oma="urn:oma:xml:xdm:common-policy">'
)


def rule(conditions: str, handling: str = "allow", transformations: str = "", id: str = "r") -> str:
    return (
        f'<cr:rule id="{id}"><cr:conditions>{conditions}</cr:conditions>'
        f"<cr:actions><pr:sub-handling>{handling}</pr:sub-handling></cr:actions>"
        f"<cr:transformations>{transformations}</cr:transformations></cr:rule>"
    )


def ruleset(*rules: str) -> bytes:
    return f"{HEAD}{''.join(rules)}</cr:ruleset>".encode()


def identity(inner: str) -> str:
    return f"<cr:identity>{inner}</cr:identity>"


def handling(*rules: str, watcher: str = BOB, sphere: str = "") -> SubHandling:
    return read_rules(ruleset(*rules)).decide(Occasion(canonical(watcher), NOON, sphere)).handling


@pytest.mark.parametrize(
    ("conditions", "holds"),
    [
        ("", True),
        (identity(f'<cr:one id="{BOB}"/>'), True),
        (identity('<cr:one id="sip:bob@STUBA.netlab.test:5060;user=phone"/>'), True),
        (identity('<cr:one id="pres:bob@stuba.netlab.test"/>'), True),
        (identity('<cr:one id="sip:Bob@stuba.netlab.test"/>'), False),
        (identity(f'<cr:one id="sip:x@y"/><cr:one id="{BOB}"/>'), True),
        (identity("<cr:many/>"), True),
        (identity('<cr:many domain="stuba.netlab.test"/>'), True),
        (identity('<cr:many domain="uc3m.netlab.test"/>'), False),
        (identity(f'<cr:many><cr:except id="{BOB}"/></cr:many>'), False),
        (identity('<cr:many><cr:except domain="stuba.netlab.test"/></cr:many>'), False),
        (identity('<cr:many><cr:except domain="uc3m.netlab.test"/></cr:many>'), True),
        (identity("<cr:many><oma:unheard-of/></cr:many>"), False),
        (identity(""), False),
        ('<cr:sphere value="work"/>', True),
        ('<cr:sphere value="home"/>', False),
        (identity("<cr:many/>") + '<cr:sphere value="home"/>', False),
        ("<oma:unheard-of/>", False),
        (
            "<cr:validity><cr:from>2026-06-01T11:00:00Z</cr:from><cr:until>2026-06-01T13:00:00Z</cr:until></cr:validity>",
            True,
        ),
        (
            "<cr:validity><cr:from>2026-06-01T12:30:00Z</cr:from><cr:until>2026-06-01T13:00:00Z</cr:until></cr:validity>",
            False,
        ),
        (
            "<cr:validity><cr:from>2026-06-01T13:00:00+02:00</cr:from><cr:until>2026-06-02T00:00:00+02:00</cr:until></cr:validity>",
            True,
        ),
    ],
)
def test_conditions(conditions: str, holds: bool) -> None:
    assert handling(rule(conditions), sphere="work") is (SubHandling.ALLOW if holds else SubHandling.BLOCK)


def test_the_greatest_handling_counts() -> None:
    rules = [rule("", word, id=word) for word in ("confirm", "polite-block", "block")]
    assert handling(*rules) is SubHandling.POLITE_BLOCK
    assert handling(*rules, rule("", "allow")) is SubHandling.ALLOW
    assert handling() is SubHandling.BLOCK


def test_other_identity_is_for_those_whom_no_rule_names() -> None:
    rules = [rule(identity(f'<cr:one id="{BOB}"/>'), "block", id="a"), rule("<oma:other-identity/>", "confirm", id="b")]
    assert handling(*rules) is SubHandling.BLOCK
    assert handling(*rules, watcher="sip:x@y") is SubHandling.CONFIRM


@pytest.mark.parametrize(
    "data",
    [
        b"<x/>",
        ruleset("<cr:rule/>"),
        ruleset(rule("", "perhaps")),
        ruleset(rule("<cr:validity><cr:from>noon</cr:from></cr:validity>")),
        ruleset(rule("", transformations="<pr:provide-user-input>some</pr:provide-user-input>")),
        ruleset(*(rule("", id=f"r{number}") for number in range(501))),
    ],
)
def test_what_cannot_be_read_is_no_ruleset(data: bytes) -> None:
    with pytest.raises(MalformedDocument):
        read_rules(data)


DOCUMENT = b"""<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model"
 xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid" xmlns:x="urn:x" entity="sip:alice@uc3m.netlab.test">
<tuple id="call"><status><basic>open</basic><x:more/></status><rpid:class>work</rpid:class>
<dm:deviceID>urn:d</dm:deviceID>
<rpid:user-input idle-threshold="60" last-input="2026-06-01T11:00:00Z">idle</rpid:user-input><x:level>7</x:level>
<contact>sip:alice@uc3m.netlab.test;gr=1</contact><note>hi</note><timestamp>2026-06-01T11:00:00Z</timestamp></tuple>
<tuple id="mail"><status><basic>open</basic></status><contact>mailto:a@uc3m.netlab.test</contact></tuple>
<dm:person id="me"><rpid:activities><rpid:away/></rpid:activities><rpid:mood><rpid:sad/></rpid:mood></dm:person>
<dm:device id="d1"><rpid:class>work</rpid:class><dm:deviceID>urn:d</dm:deviceID></dm:device></presence>"""
SERVICES = "<pr:provide-services><pr:all-services/></pr:provide-services>"
PERSONS = "<pr:provide-persons><pr:all-persons/></pr:provide-persons>"


def seen(transformations: str) -> tuple[list[str], list[str]]:
    """Return ids of the components that are left, and names of everything in them."""
    decision = read_rules(ruleset(rule("", transformations=transformations))).decide(Occasion(BOB, NOON))
    root = transformed(read_pidf(DOCUMENT), decision.permissions)
    names = [str(etree.QName(one).localname) for component in root for one in component.iterdescendants()]
    return [one.get("id", "") for one in root], names


def services(inner: str) -> str:
    return f"<pr:provide-services>{inner}</pr:provide-services>"


@pytest.mark.parametrize(
    ("transformations", "left"),
    [
        ("", []),
        (SERVICES, ["call", "mail"]),
        (services("<pr:class>work</pr:class>"), ["call"]),
        (services("<pr:service-uri-scheme>mailto</pr:service-uri-scheme>"), ["mail"]),
        (services("<pr:service-uri>sip:alice@uc3m.netlab.test</pr:service-uri>"), ["call"]),
        (services("<pr:occurrence-id>mail</pr:occurrence-id>"), ["mail"]),
        (PERSONS, ["me"]),
        ("<pr:provide-devices><pr:deviceID>urn:d</pr:deviceID></pr:provide-devices>", ["d1"]),
        ("<pr:provide-devices><pr:class>home</pr:class></pr:provide-devices>", []),
    ],
)
def test_components(transformations: str, left: list[str]) -> None:
    assert seen(transformations)[0] == left


def test_attributes_need_a_permission_each() -> None:
    bare = ["status", "basic", "contact", "timestamp"]
    only_call = services("<pr:class>work</pr:class>")
    assert seen(only_call)[1] == bare
    assert "note" in seen(only_call + "<pr:provide-note>true</pr:provide-note>")[1]
    assert "note" not in seen(only_call + "<pr:provide-note>false</pr:provide-note>")[1]
    assert "deviceID" in seen(only_call + "<pr:provide-deviceID>true</pr:provide-deviceID>")[1]
    unknown = '<pr:provide-unknown-attribute ns="urn:x" name="level">true</pr:provide-unknown-attribute>'
    assert "level" in seen(only_call + unknown)[1]
    assert "more" not in seen(only_call + unknown)[1]
    assert seen(PERSONS + "<pr:provide-mood>true</pr:provide-mood>")[1] == ["mood", "sad"]
    assert {"more", "level", "class", "user-input"} <= set(seen(only_call + "<pr:provide-all-attributes/>")[1])


@pytest.mark.parametrize(
    ("degree", "left"),
    [("bare", set()), ("thresholds", {"idle-threshold"}), ("full", {"idle-threshold", "last-input"}), ("false", None)],
)
def test_user_input_by_degrees(degree: str, left: set[str] | None) -> None:
    wanted = f"<pr:provide-user-input>{degree}</pr:provide-user-input>"
    permissions = (
        read_rules(ruleset(rule("", transformations=SERVICES + wanted))).decide(Occasion(BOB, NOON)).permissions
    )
    found = transformed(read_pidf(DOCUMENT), permissions).find(".//{urn:ietf:params:xml:ns:pidf:rpid}user-input")
    assert (None if found is None else {str(name) for name in found.attrib}) == left
