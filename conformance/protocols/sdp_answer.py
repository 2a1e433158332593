"""Offer and answer: what a terminal proposes, and what it makes of a proposal (RFC 3264, RFC 3312)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from conformance.protocols.sdp import H263, PCMA, PCMU, Codec, Media, Preconditions, SessionDescription

SUPPORTED: Mapping[str, tuple[Codec, ...]] = {"audio": (PCMA, PCMU), "video": (H263,)}
"""What a terminal can do, in the order of its preference."""
BANDWIDTH_KBPS: Mapping[str, int] = {"audio": 80, "video": 64}
"""G.711 in packets of 20 ms: 64 kbit/s and 50 headers of 40 octets a second."""
_MIRRORED = {"sendonly": "recvonly", "recvonly": "sendonly"}


class NothingInCommon(Exception):
    """No stream of an offer can be taken: 488."""


def offered(kind: str, port: int, *, preconditions: Preconditions | None = None) -> Media:
    """Return a stream with everything that a terminal can do of that kind."""
    return Media(kind, port, SUPPORTED[kind], "sendrecv", BANDWIDTH_KBPS[kind], preconditions)


def answer(
    offer: SessionDescription,
    ports: Mapping[str, int],
    own: SessionDescription,
    *,
    ready: bool = True,
) -> SessionDescription:
    """Answer an offer: same streams in the same order, each with what both can do (RFC 3264 6).

    Args:
        offer: what came.
        ports: own port by kind of stream; what is not in it is refused.
        own: address, session and version of the answer; its streams are not looked at.
        ready: the own resources are there.

    Raises:
        NothingInCommon: every stream has to be refused.
    """
    media = tuple(_answered(one, ports, ready=ready) for one in offer.media)
    if not any(one.port for one in media):
        raise NothingInCommon
    return replace(own, media=media)


def _answered(offered_stream: Media, ports: Mapping[str, int], *, ready: bool) -> Media:
    kind = offered_stream.kind
    able = SUPPORTED.get(kind, ())
    common = [
        replace(mine, payload_type=theirs.payload_type)
        for theirs in offered_stream.codecs
        for mine in able
        if mine.same_as(theirs)
    ]
    if not offered_stream.port or kind not in ports or not common:
        return replace(offered_stream, port=0, codecs=(), preconditions=None, address="", bandwidth_kbps=None)
    return Media(
        kind,
        ports[kind],
        tuple(common[:1]),
        _MIRRORED.get(offered_stream.direction, offered_stream.direction),
        BANDWIDTH_KBPS[kind],
        _conditions(offered_stream.preconditions, ready=ready),
    )


def _conditions(theirs: Preconditions | None, *, ready: bool) -> Preconditions | None:
    """Turn the peer's view round: its local segment is our remote one (RFC 3312 5.2)."""
    if theirs is None:
        return None
    return Preconditions(
        local="sendrecv" if ready else "none",
        remote=theirs.local,
        desired_local="mandatory",
        desired_remote="mandatory" if theirs.desired_local == "mandatory" else "none",
        confirm=theirs.local != "sendrecv",
    )
