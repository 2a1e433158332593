"""The hand-built call with its media, read once: every stream and tunnel can be changed or left out, without tshark."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from conformance.faults.reference import CAPTURE_NAME, CAPTURES
from conformance.federation.loader import load_federation
from conformance.judgement.judge import judge
from conformance.trace.decode import read_trace
from conformance.trace.media_model import MediaSighting, MediaStream
from conformance.trace.model import Trace, VpnStream
from conformance.vocabulary.results import CriterionResult

CALLER, CALLEE = "192.0.2.229", "192.0.2.195"
FEDERATION = "ims-b-c-and-d.toml"


@cache
def media_call() -> Trace:
    """Return the trace of the call: one audio stream each way, on Gm, on Ic, and in two tunnels."""
    return read_trace([CAPTURES / "handbuilt-call-media" / CAPTURE_NAME])


def from_caller(stream: MediaStream) -> bool:
    """Tell whether a stream is the caller's."""
    return stream.source.address == CALLER


def changed(stream: MediaStream, change: Callable[[MediaSighting], dict[str, Any]], **fields: Any) -> MediaStream:
    """Return a stream of which each sighting has other figures."""
    seen = tuple(replace(one, **change(one)) for one in stream.sightings)
    return replace(stream, sightings=seen, **fields)


def result(
    id: str, media: Sequence[MediaStream] | None = None, vpn: Sequence[VpnStream] | None = None, drops: int = 0
) -> CriterionResult:
    """Judge the call with other streams or tunnels, and return what became of one criterion."""
    trace = media_call()
    captures = tuple(replace(one, drops=drops) for one in trace.captures)
    trace = replace(
        trace,
        captures=captures,
        media=trace.media if media is None else tuple(media),
        vpn=trace.vpn if vpn is None else tuple(vpn),
    )
    (found,) = judge(trace, federation=load_federation(CAPTURES / FEDERATION), confirm=None).procedures
    return next(one for one in found.criteria if one.id == id)
