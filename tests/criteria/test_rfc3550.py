"""RTP of a call flows both ways, with types that the receiver listed, from one source (RFC 3550, RFC 3264)."""

from __future__ import annotations

from dataclasses import replace

from tests.criteria.media_lab import changed, from_caller, media_call, result

MEDIA = media_call().media
FROM_CALLER = [stream for stream in MEDIA if from_caller(stream)]
TO_CALLER = [stream for stream in MEDIA if not from_caller(stream)]


def test_media_both_ways_pass_and_say_what_came() -> None:
    found = result("CALL-34")
    assert (found.verdict, len(found.evidence)) == ("PASS", 2)
    assert "60 packets, 0 lost, jitter 0.0 ms" in found.found


def test_who_sends_nothing_is_named() -> None:
    found = result("CALL-34", TO_CALLER)
    assert (found.verdict, found.node) == ("FAIL", "caller")
    assert result("CALL-34", FROM_CALLER).node == "callee"


def test_a_capture_that_lost_packets_accuses_nobody_of_silence() -> None:
    assert result("CALL-34", TO_CALLER, drops=3).verdict == "INCONCLUSIVE"


def test_without_media_it_does_not_apply() -> None:
    assert result("CALL-34", []).verdict == "NOT_APPLICABLE"


def test_one_direction_of_less_than_a_second_is_no_proof() -> None:
    short = [changed(one, lambda seen: {"last_ns": seen.first_ns + 900_000_000}) for one in TO_CALLER]
    assert result("CALL-34", short).verdict == "NOT_APPLICABLE"


def test_who_is_sent_to_behind_an_address_translator_is_reached() -> None:
    elsewhere = [replace(one, destination=one.destination._replace(port=33_333)) for one in FROM_CALLER]
    assert result("CALL-34", [*TO_CALLER, *elsewhere]).verdict == "PASS"


def test_another_port_to_send_from_is_allowed() -> None:
    other = [replace(one, source=one.source._replace(port=40_404)) for one in FROM_CALLER]
    assert result("CALL-34", [*TO_CALLER, *other]).verdict == "PASS"


def test_a_payload_type_that_nobody_listed_fails_and_comfort_noise_does_not() -> None:
    def with_types(types: dict[int, int]) -> str:
        sent = [changed(one, lambda _: {"payload_types": types}) for one in FROM_CALLER]
        return result("CALL-34", [*TO_CALLER, *sent]).verdict

    assert [with_types({8: 60}), with_types({8: 50, 13: 10}), with_types({8: 50, 0: 10})] == ["PASS", "PASS", "FAIL"]


def test_a_few_sources_one_after_the_other_are_allowed_and_ever_new_ones_are_not() -> None:
    def with_sources(number: int) -> str:
        sent = [replace(one, ssrc=ssrc) for one in FROM_CALLER for ssrc in range(1, number + 1)]
        return result("CALL-34", [*TO_CALLER, *sent]).verdict

    assert [with_sources(2), with_sources(3), with_sources(4)] == ["PASS", "PASS", "FAIL"]
