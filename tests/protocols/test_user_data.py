from __future__ import annotations

from lxml import etree

from conformance.protocols.user_data import build_user_data


def test_profile_holds_all_identities_in_order_and_bars_none() -> None:
    tree = etree.fromstring(build_user_data("alice@a.test", ["sip:alice@a.test", "tel:+34910000001"]))
    assert tree.tag == "IMSSubscription"
    assert tree.findtext("PrivateID") == "alice@a.test"
    assert [e.text for e in tree.findall("ServiceProfile/PublicIdentity/Identity")] == [
        "sip:alice@a.test",
        "tel:+34910000001",
    ]
    assert {e.text for e in tree.iter("BarringIndication")} == {"0"}


def test_what_is_special_in_xml_is_escaped() -> None:
    tree = etree.fromstring(build_user_data("a&b@a.test", ["sip:a&b@a.test"]))
    assert tree.findtext("PrivateID") == "a&b@a.test"


def test_application_servers_stand_behind_the_identities_by_priority() -> None:
    tree = etree.fromstring(build_user_data("a@a.test", ["sip:a@a.test"], ["sip:as.a.test", "sip:tv&x.a.test"]))
    (profile,) = tree.findall("ServiceProfile")
    assert [child.tag for child in profile] == ["PublicIdentity", "InitialFilterCriteria", "InitialFilterCriteria"]
    assert [one.findtext("Priority") for one in profile.findall("InitialFilterCriteria")] == ["0", "1"]
    assert [one.text for one in profile.iter("ServerName")] == ["sip:as.a.test", "sip:tv&x.a.test"]
    assert {one.text for one in profile.iter("Method")} == {"REGISTER"}
