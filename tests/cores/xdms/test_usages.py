"""What each application usage takes, and what its schema and constraints refuse."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from conformance.cores.emulated.xdms.constraints import Surroundings
from conformance.cores.emulated.xdms.usages import USAGES, capabilities
from conformance.protocols.xcap.errors import Conflict, ErrorElement

NOTHING = Surroundings(lambda: ())
CP, PR = "urn:ietf:params:xml:ns:common-policy", "urn:ietf:params:xml:ns:pres-rules"
RL, RLS = "urn:ietf:params:xml:ns:resource-lists", "urn:ietf:params:xml:ns:rls-services"


def ruleset(inner: str) -> str:
    return f'<ruleset xmlns="{CP}" xmlns:pr="{PR}" xmlns:o="urn:oma:xml:xdm:common-policy">{inner}</ruleset>'


def rule(conditions: str = "", actions: str = "", transformations: str = "") -> str:
    parts = f"<conditions>{conditions}</conditions><actions>{actions}</actions>"
    return ruleset(f'<rule id="r">{parts}<transformations>{transformations}</transformations></rule>')


def lists(inner: str) -> str:
    return f'<resource-lists xmlns="{RL}" xmlns:x="urn:x"><list>{inner}</list></resource-lists>'


def services(inner: str) -> str:
    return f'<rls-services xmlns="{RLS}" xmlns:rl="{RL}">{inner}</rls-services>'


def presence(inner: str) -> str:
    return f'<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:x="urn:x" entity="sip:a@x">{inner}</presence>'


def watchers(attributes: str) -> str:
    watcher = f'<watcher id="1" {attributes}>sip:b@x</watcher>'
    inner = f'<watcher-list resource="sip:a@x" package="presence">{watcher}</watcher-list>'
    return f'<watcherinfo xmlns="urn:ietf:params:xml:ns:watcherinfo" version="0" state="full">{inner}</watcherinfo>'


REFERENCE = "http://x/xcap-root/resource-lists/users/a/index/~~/resource-lists/list"
TAKEN = [
    ("pres-rules", ruleset("")),
    ("pres-rules", rule()),
    ("pres-rules", rule('<identity><one id="sip:b@x"/><many domain="x"><except id="sip:c@x"/></many></identity>')),
    ("pres-rules", rule("<identity><many/></identity><sphere value='work'/>")),
    ("pres-rules", rule("<validity><from>2026-01-01T00:00:00Z</from><until>2027-01-01T00:00:00Z</until></validity>")),
    ("pres-rules", rule("<o:other-identity/>", "<pr:sub-handling>polite-block</pr:sub-handling>")),
    ("pres-rules", rule("", "", "<pr:provide-all-attributes/><pr:provide-mood>true</pr:provide-mood>")),
    ("pres-rules", rule("", "", "<pr:provide-services><pr:all-services/></pr:provide-services>")),
    ("pres-rules", rule("", "", "<pr:provide-persons><pr:class>a</pr:class></pr:provide-persons>")),
    ("pres-rules", rule("", "", "<pr:provide-devices><pr:deviceID>urn:d</pr:deviceID></pr:provide-devices>")),
    ("pres-rules", rule("", "", "<pr:provide-user-input>bare</pr:provide-user-input>")),
    ("org.openmobilealliance.pres-rules", rule("<o:anonymous-request/>")),
    ("resource-lists", lists('<display-name xml:lang="en">A</display-name><entry uri="sip:b@x" x:y="z"/><x:more/>')),
    ("resource-lists", lists('<entry-ref ref="resource-lists/users/a/index/~~/resource-lists"/>')),
    (
        "resource-lists",
        lists('<list name="a"><entry uri="sip:b@x"/></list><list name="b"><entry uri="sip:b@x"/></list>'),
    ),
    ("resource-lists", lists('<external anchor="http://x/y"/>')),
    ("rls-services", services("")),
    ("rls-services", services(f'<service uri="sip:s@x"><resource-list>{REFERENCE}</resource-list></service>')),
    (
        "rls-services",
        services(
            '<service uri="sip:s@x"><list><rl:entry uri="sip:b@x"/></list>'
            "<packages><package>presence</package></packages></service>"
        ),
    ),
    ("pidf-manipulation", presence("")),
    (
        "pidf-manipulation",
        presence(
            '<tuple id="t"><status><basic>open</basic></status><contact priority="0.8">sip:a@y</contact>'
            "<note>n</note><timestamp>2026-01-01T00:00:00Z</timestamp></tuple><note>m</note><x:person/>"
        ),
    ),
    ("watchers", watchers('status="active" event="subscribe" duration-subscribed="5"')),
]
REFUSED = [
    ("pres-rules", f'<ruleset xmlns="{PR}"/>'),
    ("pres-rules", ruleset("<rule/>")),
    ("pres-rules", ruleset('<rule id="1"/>')),
    ("pres-rules", ruleset('<rule id="a"/><rule id="a"/>')),
    ("pres-rules", rule("", "<pr:sub-handling>maybe</pr:sub-handling>")),
    ("pres-rules", rule("", "<pr:unknown-action/>")),
    ("pres-rules", rule("<identity/>")),
    ("pres-rules", rule("<identity><one/></identity>")),
    ("pres-rules", rule("", "", "<pr:provide-mood>perhaps</pr:provide-mood>")),
    ("pres-rules", rule("", "", "<pr:provide-everything/>")),
    ("pres-rules", rule("<validity><from>soon</from><until>later</until></validity>")),
    ("resource-lists", lists("<entry/>")),
    ("resource-lists", lists("<unknown/>")),
    ("resource-lists", lists('<x:more/><entry uri="sip:b@x"/>')),
    ("rls-services", services("<service/>")),
    ("rls-services", services('<service uri="sip:s@x"/>')),
    ("rls-services", services('<service uri="sip:s@x"><list/><packages><package/></packages></service>')),
    ("pidf-manipulation", '<presence xmlns="urn:ietf:params:xml:ns:pidf"/>'),
    ("pidf-manipulation", presence('<tuple id="t"/>')),
    ("pidf-manipulation", presence('<tuple id="t"><status><basic>away</basic></status></tuple>')),
    ("pidf-manipulation", presence('<tuple id="t"><status/></tuple><tuple id="t"><status/></tuple>')),
    ("pidf-manipulation", presence('<tuple id="t"><status/><contact priority="2">sip:a@y</contact></tuple>')),
    ("watchers", watchers('status="active"')),
    ("watchers", watchers('status="gone" event="subscribe"')),
]


@pytest.mark.parametrize(("auid", "document"), TAKEN)
def test_what_a_usage_takes(auid: str, document: str) -> None:
    USAGES[auid].check(etree.fromstring(document), NOTHING)


@pytest.mark.parametrize(("auid", "document"), REFUSED)
def test_what_a_schema_refuses(auid: str, document: str) -> None:
    with pytest.raises(Conflict) as refused:
        USAGES[auid].check(etree.fromstring(document), NOTHING)
    assert refused.value.element is ErrorElement.SCHEMA_VALIDATION_ERROR
    assert refused.value.phrase


@pytest.mark.parametrize(
    ("auid", "document", "field"),
    [
        (
            "resource-lists",
            lists('<entry uri="sip:b@x"/><entry uri="sip:b@x"/>'),
            "resource-lists/list[1]/entry[2]/@uri",
        ),
        ("resource-lists", lists('<list name="a"/><list name="a"/>'), "resource-lists/list[1]/list[2]/@name"),
        ("rls-services", services('<service uri="sip:s@x"><list/></service>' * 2), "rls-services/service[2]/@uri"),
    ],
)
def test_what_has_to_be_unique_is_named(auid: str, document: str, field: str) -> None:
    with pytest.raises(Conflict) as refused:
        USAGES[auid].check(etree.fromstring(document), NOTHING)
    assert (refused.value.element, refused.value.exists) == (ErrorElement.UNIQUENESS_FAILURE, (field,))


@pytest.mark.parametrize("uri", ["sip:taken@x", "sip:alice@x"])
def test_a_service_has_a_uri_of_its_own_in_the_whole_domain(uri: str) -> None:
    around = Surroundings(lambda: ("sip:taken@x",), frozenset({"sip:alice@x"}))
    with pytest.raises(Conflict, match="uniqueness-failure"):
        USAGES["rls-services"].check(etree.fromstring(services(f'<service uri="{uri}"><list/></service>')), around)


@pytest.mark.parametrize(
    ("auid", "document"),
    [
        ("resource-lists", lists('<entry-ref ref="http://x/resource-lists/users/a/index/~~/resource-lists"/>')),
        ("resource-lists", lists('<external anchor="resource-lists/users/a"/>')),
        ("rls-services", services('<service uri="sip:s@x"><resource-list>sip:a@x</resource-list></service>')),
    ],
)
def test_a_reference_has_the_form_that_its_place_asks_for(auid: str, document: str) -> None:
    with pytest.raises(Conflict, match="constraint-failure"):
        USAGES[auid].check(etree.fromstring(document), NOTHING)


def test_the_capabilities_are_a_document_of_their_usage() -> None:
    root = etree.fromstring(capabilities())
    USAGES["xcap-caps"].check(root, NOTHING)
    assert {one.text for one in root.iter("{*}auid")} == set(USAGES)


def test_every_schema_is_somebodys(request: pytest.FixtureRequest) -> None:
    folder = Path(request.config.rootpath) / "conformance/cores/emulated/xdms/schemas"
    parts = {"extension.rng", "list.rng"}
    assert {file.name for file in folder.glob("*.rng")} - parts == {usage.schema for usage in USAGES.values()}
