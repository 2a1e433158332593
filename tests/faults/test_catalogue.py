"""The catalogue of faults: every name does something, every mistake is told."""

from __future__ import annotations

import pytest

from conformance.cores.emulated.dns import FORGETS_ZONE
from conformance.cores.emulated.faults import (
    IGNORES_PRIVACY,
    KEEPS_KEYS,
    NO_LOCATION_QUERY,
    NO_SECOND_UAR,
    PATH_UNSUPPORTED,
    SKIPS_SERVICES,
)
from conformance.cores.emulated.hss_procedures import HSS_FAULTS
from conformance.cores.emulated.presence_server import (
    ACCEPTS_UNKNOWN_ETAG,
    FORCED_AUTHORISATION,
    IGNORES_RULE_CHANGES,
    NO_IMMEDIATE_NOTIFY,
    SHOWS_WHILE_PENDING,
    TRUSTS_ADDRESS,
    TRUSTS_EVERYBODY,
)
from conformance.cores.emulated.sip_proxy import ACCEPTS_ANY_ANSWER, ASSERTS_WITHOUT_PROOF, PASSES_CLAIMED_IDENTITY
from conformance.cores.emulated.xdms.changes import NO_NOTIFY
from conformance.cores.emulated.xdms.http import NO_AUTHENTICATION
from conformance.cores.emulated.xdms.service import (
    ACCEPTS_INVALID,
    FORGETS_RULES,
    IGNORES_IF_MATCH,
    NO_ERROR_DOCUMENT,
    NO_ETAG,
    SAYS_200_FOR_CREATED,
    SERVES_OTHERS,
)
from conformance.faults.catalogue import FaultKind, Service, load_catalogue, read_catalogue
from conformance.faults.emitted_call import EMITTED_SIP
from conformance.faults.emitted_cx import EMITTED_CX
from conformance.faults.emitted_dns import EMITTED_DNS
from conformance.faults.emitted_presence import EMITTED_PRESENCE
from conformance.terminals.terminal import WRONG_DIGEST_URI
from conformance.vocabulary.errors import BadInput, HarnessFault
from conformance.vocabulary.roles import Role

BEHAVIOURS = {KEEPS_KEYS, NO_SECOND_UAR, PATH_UNSUPPORTED, WRONG_DIGEST_URI, FORGETS_ZONE}
BEHAVIOURS |= HSS_FAULTS | {IGNORES_PRIVACY, NO_LOCATION_QUERY, *SKIPS_SERVICES}
BEHAVIOURS |= {FORCED_AUTHORISATION, TRUSTS_ADDRESS, TRUSTS_EVERYBODY, ACCEPTS_UNKNOWN_ETAG, IGNORES_RULE_CHANGES}
BEHAVIOURS |= {ACCEPTS_INVALID, IGNORES_IF_MATCH, SAYS_200_FOR_CREATED, SERVES_OTHERS, NO_ERROR_DOCUMENT, NO_ETAG}
BEHAVIOURS |= {FORGETS_RULES, NO_AUTHENTICATION, NO_IMMEDIATE_NOTIFY, SHOWS_WHILE_PENDING, NO_NOTIFY}
BEHAVIOURS |= {PASSES_CLAIMED_IDENTITY, ASSERTS_WITHOUT_PROOF, ACCEPTS_ANY_ANSWER}
GOOD = """
[[fault]]
name = "some-fault"
kind = "node"
applies_to = "s-cscf"
words = "does something wrong"
expected = ["REG-01"]
blamed = "home-scscf"
service = "works"
"""


def test_every_fault_is_made_and_every_alteration_is_listed() -> None:
    names = {fault.name for fault in load_catalogue().fault}
    assert names == {*EMITTED_SIP, *EMITTED_PRESENCE, *EMITTED_CX, *EMITTED_DNS} | BEHAVIOURS


def test_the_faults_that_were_promised() -> None:
    catalogue = load_catalogue()
    promised = {name: catalogue.get(name) for name in ("no-service-route", "wrong-nonce", "no-second-uar")}
    assert [fault.expected for fault in promised.values()] == [("REG-38",), ("REG-29",), ("REG-37",)]
    assert promised["wrong-nonce"].service is Service.REFUSED
    terminal = catalogue.get("wrong-digest-uri")
    assert (terminal.kind, terminal.expected, terminal.blamed) == (FaultKind.TERMINAL, ("REG-08",), Role.UE)


def test_names_are_checked_where_they_are_switched_on() -> None:
    catalogue = load_catalogue()
    assert catalogue.check(["wrong-nonce", "no-path-echo"], "s-cscf") == {"wrong-nonce", "no-path-echo"}
    with pytest.raises(BadInput, match="expected at a s-cscf, found at a p-cscf"):
        catalogue.check(["wrong-nonce"], "p-cscf")
    with pytest.raises(BadInput, match="expected one of no-service-route"):
        catalogue.check(["no-such-fault"], "s-cscf")


@pytest.mark.parametrize(
    ("name", "applies_to"),
    [("forgets-zone:uc3m", "dns"), ("silent", "hss"), ("silent:303", "hss"), ("bars-roaming:stuba.netlab.test", "hss")],
)
def test_arguments_are_taken(name: str, applies_to: str) -> None:
    assert load_catalogue().check([name], applies_to) == {name}


@pytest.mark.parametrize(
    ("name", "applies_to", "complaint"),
    [
        ("forgets-zone", "dns", "expected an argument as in forgets-zone:ARGUMENT, found none"),
        ("bars-roaming:", "hss", "expected an argument"),
        ("wrong-mac:1", "hss", "expected no argument, found '1'"),
        ("no-path-echo:", "s-cscf", "expected no argument"),
    ],
)
def test_arguments_are_checked(name: str, applies_to: str, complaint: str) -> None:
    with pytest.raises(BadInput, match=complaint):
        load_catalogue().check([name], applies_to)


def test_what_breaks_no_criterion_refuses_the_terminal() -> None:
    situations = [fault for fault in load_catalogue().fault if not fault.expected]
    assert {fault.name for fault in situations} >= {"silent", "wrong-mac", "path-unsupported", "forgets-zone"}
    assert {(fault.flow, fault.service) for fault in situations} == {("registration-refused", Service.REFUSED)}


def test_those_of_one_node() -> None:
    assert {fault.name for fault in load_catalogue().of("i-cscf")} == {
        "no-second-uar",
        "keeps-max-forwards",
        "keeps-request-uri",
        "uar-without-network",
        "no-location-query",
        "unknown-is-forbidden",
        "unknown-receiver-is-forbidden",
    }
    assert all(fault.kind is FaultKind.TERMINAL for fault in load_catalogue().of("terminal"))


def test_a_good_one_is_read() -> None:
    assert read_catalogue(GOOD).get("some-fault").blamed is Role.HOME_SCSCF
    assert read_catalogue(GOOD).get("some-fault:argument").name == "some-fault"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('"node"', '"capture"', "kind"),
        ('"s-cscf"', '"terminal"', "applies_to"),
        ('["REG-01"]', "[]", "expected"),
        ('service = "works"', 'service = "works"\nargument = "many"', "argument"),
        ('service = "works"', 'service = "works"\nflow = "Registration"', "flow"),
        ('["REG-01"]', '["REG 1"]', "expected"),
        ('"home-scscf"', '"nobody"', "blamed"),
        ("some-fault", "Some Fault", "name"),
        ("[[fault]]", "[[fault]]\nmore = 1", "more"),
        ("words", "words =", "catalogue"),
    ],
)
def test_mistakes(old: str, new: str, complaint: str) -> None:
    with pytest.raises(HarnessFault, match=complaint):
        read_catalogue(GOOD.replace(old, new, 1))


def test_a_name_stands_once() -> None:
    with pytest.raises(HarnessFault, match="found twice: some-fault"):
        read_catalogue(GOOD + GOOD)
