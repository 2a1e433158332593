"""Who looks a dialled number up in ENUM, under which name, and what becomes of the answer."""

from __future__ import annotations

import pytest

from conformance.trace.model import DnsRecord
from tests.criteria.call_lab import AT_HOME, ENUM, NUMBER, NUMBER_OF_NOBODY, call, edit_header, enum
from tests.criteria.registration_lab import Lab


def asked_for(name: str, lab: Lab | None = None) -> Lab:
    """Let the S-CSCF ask for another name."""
    lab = lab or call(NUMBER)
    for key in ("5", "6"):
        lab[key].question = (name, "NAPTR")
    return lab


def dialled(uri: str) -> Lab:
    """Let the caller dial another URI."""
    return call(NUMBER).edit("1 3", "INVITE tel:+34000000077 ", f"INVITE {uri} ")


@pytest.mark.parametrize("name", [NUMBER, NUMBER_OF_NOBODY])
def test_a_number_that_is_looked_up_rightly_passes(name: str) -> None:
    assert call(name).result("DNS-07").verdict == "PASS"


@pytest.mark.parametrize(
    "uri",
    [
        "tel:+34-000-000-077",
        "tel:+34(000)000.077;phone-context=+34",
        "sip:+34000000077@ims-b.test;user=phone",
        "sip:+34000000077;npdi@ims-b.test;user=phone",
    ],
)
def test_a_number_may_be_written_in_many_ways(uri: str) -> None:
    assert dialled(uri).result("DNS-07").verdict == "PASS"


@pytest.mark.parametrize(
    "uri",
    [
        "sip:+34000000077@ims-d.test;user=phone",  # who says which network, has no need of ENUM
        "sip:+34000000077@ims-b.test",  # no number, though it looks like one
        "tel:0077;phone-context=ims-b.test",  # a local one
        "tel:+34000000077;npdi;rn=+34999",  # ported: the routing number is what counts
        "sip:erin@ims-d.test",
    ],
)
def test_what_is_no_number_to_be_looked_up_is_nobodys_concern(uri: str) -> None:
    assert dialled(uri).result("DNS-07").verdict == "NOT_APPLICABLE"


@pytest.mark.parametrize(
    "name",
    [
        "3.4.0.0.0.0.0.0.0.7.7.e164.arpa",
        "34000000077.e164.arpa",
        "+34000000077.e164.arpa",
        "7.7.0.0.0.0.0.0.0.e164.arpa",
        "7.7.0.0.0.0.0.0.0.4.3.0.0.e164.arpa",
    ],
)
def test_a_name_that_is_made_wrongly_fails(name: str) -> None:
    result = asked_for(name).result("DNS-07")
    assert (result.verdict, result.node) == ("FAIL", "orig-scscf")
    assert name in result.found


@pytest.mark.parametrize("name", ["8.7.0.0.0.0.0.0.0.4.3.e164.arpa", "ims-d.test", "7.7.0.0.0.0.0.0.0.internal.test"])
def test_a_query_for_something_else_is_of_another_call(name: str) -> None:
    assert asked_for(name).result("DNS-07").verdict == "NOT_APPLICABLE"


def test_operators_have_trees_of_their_own() -> None:
    assert asked_for(ENUM.replace("arpa", "operator.test")).result("DNS-07").verdict == "PASS"


@pytest.mark.parametrize(
    "record",
    [
        enum(flags="s"),
        enum(flags=""),
        enum(service="SIP+D2U"),
        enum(service="sip+E2U"),
    ],
)
def test_a_record_of_another_kind_that_leads_to_a_sip_uri_fails(record: DnsRecord) -> None:
    result = call(NUMBER).records("6", record).result("DNS-07")
    assert (result.verdict, result.node) == ("FAIL", "orig-dns")


@pytest.mark.parametrize(
    "record",
    [
        enum(service="E2U+pstn:sip", flags="U"),
        enum(service="e2u+sip"),
        enum(service="E2U+email+sip"),
        enum(regexp=r"!^\+34(.*)$!sip:\1@ims-d.test!"),
        enum(regexp="/^.*$/sip:erin@ims-d.test;user=x/i"),
        enum("SIP:erin@IMS-D.test"),
    ],
)
def test_records_differ_and_lead_to_the_same_place(record: DnsRecord) -> None:
    lab = call(NUMBER).records("6", record)
    if "\\1" in record.fields["regexp"]:
        lab.edit("13", "sip:erin@ims-d.test SIP", "sip:000000077@ims-d.test SIP")
    assert lab.result("DNS-07").verdict == "PASS"


@pytest.mark.parametrize(
    "record",
    [
        enum("mailto:erin@ims-d.test", service="E2U+email:mailto"),
        enum("tel:+34000000078", service="E2U+pstn:tel"),
        enum("sip:erin@elsewhere.test", service="E2U+im"),  # of another service, though it leads to a SIP URI
        enum(regexp="!broken"),
        enum(regexp=""),
    ],
)
def test_records_of_other_services_say_nothing(record: DnsRecord) -> None:
    assert call(NUMBER).records("6", record).result("DNS-07").verdict == "PASS"


def test_another_request_uri_than_enum_gives_fails() -> None:
    result = call(NUMBER).records("6", enum("sip:frank@ims-d.test")).result("DNS-07")
    assert (result.verdict, result.node) == ("FAIL", "orig-scscf")


def test_one_of_several_records_is_enough() -> None:
    lab = call(NUMBER).records("6", enum("sip:frank@ims-d.test"), enum())
    assert lab.result("DNS-07").verdict == "PASS"


def test_a_rule_that_is_too_hard_is_believed() -> None:
    rule = "!^(.)(.)(.*)$!sip:" + "a".join(r"\1" for _ in range(40)) + "@ims-d.test!"
    assert call(NUMBER).records("6", enum(regexp=rule)).result("DNS-07").verdict == "PASS"


def test_a_pcscf_that_looks_the_number_up_fails() -> None:
    lab = call(NUMBER)
    for key in ("5", "6"):
        for end in ("source", "destination"):
            if getattr(lab[key], end).address == "192.0.2.13":
                setattr(lab[key], end, getattr(lab[key], end)._replace(address="192.0.2.139"))
        lab[key].time_ns = lab["1"].time_ns + 100 + int(key)
    lab.entries.sort(key=lambda entry: entry.time_ns)
    result = lab.result("DNS-07")
    assert (result.verdict, result.node) == ("FAIL", "orig-pcscf")


def test_without_the_answer_nothing_is_said() -> None:
    assert call(NUMBER).drop("6").result("DNS-07").verdict == "INCONCLUSIVE"


def test_an_answer_that_was_remembered_is_not_asked_for() -> None:
    assert call(NUMBER).drop("5 6").result("DNS-07").verdict == "NOT_APPLICABLE"


def test_a_call_to_a_name_needs_no_enum() -> None:
    assert call(AT_HOME).result("DNS-07").verdict == "NOT_APPLICABLE"


def test_a_number_in_to_alone_changes_nothing() -> None:
    lab = edit_header(call(AT_HOME), "1", "To", "<tel:+34000000077>")
    assert lab.result("DNS-07").verdict == "NOT_APPLICABLE"
