"""Marks, bandwidth, and what a tunnel makes of marks (D2.2 2.6)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from conformance.trace.model import VpnStream
from conformance.vocabulary.points import Point
from tests.criteria.call_lab import call
from tests.criteria.media_lab import changed, from_caller, media_call, result

MEDIA, VPN = media_call().media, media_call().vpn


def remarked(tunnel: VpnStream, dscp: int) -> VpnStream:
    """Return a tunnel whose data packets all have another codepoint outside."""
    sizes = Counter({(way, octets, dscp): number for (way, octets, _), number in tunnel.sizes.items()})
    sized = {(way, octets, dscp): packet for (way, octets, _), packet in tunnel.sized.items()}
    return VpnStream(tunnel.ends, tunnel.counts, tunnel.first, sizes, sized)


@pytest.mark.parametrize("id", ["QOS-01", "QOS-03", "QOS-04", "QOS-05"])
def test_a_call_with_quality_passes(id: str) -> None:
    assert result(id).verdict == "PASS"


@pytest.mark.parametrize("id", ["QOS-01", "QOS-04"])
def test_without_media_nothing_is_said_of_them(id: str) -> None:
    assert result(id, []).verdict == "NOT_APPLICABLE"


def test_voice_without_a_mark_is_its_senders() -> None:
    plain = [changed(one, lambda seen: {"dscp": {0: seen.packets}}) if from_caller(one) else one for one in MEDIA]
    found = result("QOS-01", plain)
    assert (found.verdict, found.node) == ("FAIL", "caller")


def test_a_mark_that_is_lost_on_the_way_is_nobodys() -> None:
    lost = [changed(one, lambda seen: {"dscp": {0: 60}} if seen.point is Point.IC else {}) for one in MEDIA]
    found = result("QOS-01", lost)
    assert (found.verdict, found.node) == ("FAIL", None)
    assert "at Ic" in found.found


def test_voice_that_was_admitted_may_say_so_and_a_few_packets_may_differ() -> None:
    admitted = [changed(one, lambda _: {"dscp": {44: 56, 0: 4}}) for one in MEDIA]
    assert result("QOS-01", admitted).verdict == "PASS"


def test_signalling_whose_codepoint_was_not_read_is_not_judged() -> None:
    lab = call()
    assert lab.result("QOS-03").verdict == "NOT_APPLICABLE"


def test_a_tunnel_that_does_not_show_the_mark_fails_by_nobody() -> None:
    found = result("QOS-04", vpn=[remarked(VPN[0], 0), *VPN[1:]])
    assert (found.verdict, found.node) == ("FAIL", None)
    assert "0 (default)" in found.found


def test_data_packets_of_other_lengths_or_times_say_nothing() -> None:
    others = [
        replace(one, sizes=Counter({key: 9 * number for key, number in one.sizes.items()}))
        for one in (remarked(each, 0) for each in VPN)
    ]
    assert result("QOS-04", vpn=others).verdict == "INCONCLUSIVE"


def test_streams_with_several_marks_inside_say_nothing() -> None:
    mixed = [changed(one, lambda seen: {"dscp": {0: 60}}) if from_caller(one) else one for one in MEDIA]
    assert result("QOS-04", mixed, [remarked(one, 0) for one in VPN]).verdict == "INCONCLUSIVE"


def test_without_the_outer_interface_the_tunnel_is_not_judged() -> None:
    assert result("QOS-04", vpn=[]).verdict == "NOT_APPLICABLE"


def test_more_than_the_receiver_stated_is_the_senders() -> None:
    fat = [changed(one, lambda seen: {"octets": 2 * seen.octets}) if from_caller(one) else one for one in MEDIA]
    found = result("QOS-05", fat)
    assert (found.verdict, found.node) == ("FAIL", "caller")


def test_a_call_without_bandwidth_and_without_media_is_not_judged() -> None:
    assert call().result("QOS-05").verdict == "NOT_APPLICABLE"
