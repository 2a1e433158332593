"""SUBSCRIBE and NOTIFY of one subscription, whoever sends and whatever the package."""

from __future__ import annotations

from conformance.judgement.event_dialogs import event_dialogs, package_of, tag_of, with_roles
from conformance.trace.correlate import correlate
from conformance.vocabulary.roles import Role
from tests.criteria.event_lab import registration_with_events


def test_each_subscription_is_one_dialog_of_both_directions() -> None:
    found = event_dialogs(correlate(registration_with_events().trace()), ("reg",))
    methods = {key: [hops[0].transaction.method for hops in passages] for key, passages in found.items()}
    assert methods == {
        ("e2@pcscf", "p1"): ["SUBSCRIBE", "NOTIFY"],
        ("e1@ue", "ue1"): ["SUBSCRIBE", "NOTIFY"],
    }


def test_other_packages_are_left_out() -> None:
    lab = registration_with_events()
    assert event_dialogs(correlate(lab.trace()), ("presence",)) == {}
    lab.edit("sub-gm sub-mw not-mw not-gm", "Event: reg", "Event: Presence;id=1")
    assert [key for key, _ in event_dialogs(correlate(lab.trace()), ("presence",))] == ["e1@ue"]


def test_what_a_message_says_of_itself() -> None:
    assert package_of(None) == ""
    first = next(registration_with_events().trace().sip)
    assert (package_of(first), tag_of(first, "From"), tag_of(first, "To")) == ("", "f1", "")


def test_a_hop_keeps_its_messages() -> None:
    passages = event_dialogs(correlate(registration_with_events().trace()), ("reg",))[("e1@ue", "ue1")]
    hop = with_roles(passages[0][0], Role.UE, Role.HOME_PCSCF)
    assert (hop.sender, hop.receiver, hop.depth) == (Role.UE, Role.HOME_PCSCF, 1)
    assert [message.raw[:9] for message in hop.messages] == [b"SUBSCRIBE", b"SIP/2.0 2"]
