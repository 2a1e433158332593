"""Calls as the hand-built captures write them out: every message can be edited, dropped or looked at, without tshark.

Keys of the entries are the frame numbers of the capture.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache

from conformance.criteria.call import Call
from conformance.faults.recipe import read_messages
from conformance.faults.reference import CAPTURES
from conformance.federation.loader import load_federation
from conformance.judgement.calls import find_trace_calls
from conformance.judgement.surroundings import Surroundings
from conformance.trace.correlate import correlate
from conformance.trace.model import DnsRecord
from conformance.vocabulary.federation import Federation
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.numbers import Avp
from conformance.vocabulary.points import Point
from tests.criteria.registration_lab import Entry, Lab

SAME = "handbuilt-call-roaming-same"
THIRD = "handbuilt-call-roaming-third"
HOME_NETWORK = "handbuilt-call-roaming-home"
AT_HOME = "handbuilt-call-home"
CANCELLED = "handbuilt-call-cancelled"
TIMER = "handbuilt-call-session-timer"
UNKNOWN = "handbuilt-call-refused-unknown"
UNREGISTERED = "handbuilt-call-refused-unregistered"
NUMBER = "handbuilt-call-number"
NUMBER_OF_NOBODY = "handbuilt-call-number-of-nobody"
ENUM = "7.7.0.0.0.0.0.0.0.4.3.e164.arpa"
"""Name of the number that is dialled there."""
LIR = 302
REFUSED = {"-refused-unknown": 5001, "-refused-unregistered": 5003}
"""What the HSS answers, by how the case ends."""


@cache
def three_networks() -> Federation:
    """Return the federation of the hand-built calls."""
    return load_federation(CAPTURES / "ims-b-c-and-d.toml")


def call(name: str = SAME) -> Lab:
    """Return the messages of a hand-built call, fresh."""
    recipe = tomllib.loads((CAPTURES / name / "packets.toml").read_text("utf-8"))
    texts = read_messages(CAPTURES / name)
    entries = []
    for frame, packet in enumerate(recipe["packet"], 1):
        entry = Entry(
            str(frame),
            Point(packet["point"]),
            Endpoint(*packet["source"], packet["transport"]),
            Endpoint(*packet["destination"], packet["transport"]),
            time_ns=recipe["start_s"] * 1_000_000_000 + packet["at_us"] * 1000,
        )
        words = packet["message"].split()
        if packet["point"] == "Cx" and words[0] not in ("LIR", "LIA"):
            continue  # of a registration before the call
        if words[0] in ("LIR", "LIA"):
            entry.key, entry.command, entry.is_request = f"{words[0]} 1", LIR, words[0] == "LIR"
        elif words[0] in ("NAPTR", "SRV", "A"):
            entry.question = ("ims-c.test", words[0])  # what answers hold is read from captures, not here
        elif words[0] == "ENUM":
            entry.question = (ENUM, "NAPTR")
            if words[1] == "answer" and name == NUMBER:
                entry.records = [enum()]
        else:
            entry.sip = texts[packet["message"]].decode()
        entries.append(entry)
    lab = Lab(entries)
    lab.points = tuple(Point(point) for point in recipe["points"])
    lab.federation = three_networks()
    for entry in entries:
        if entry.command:
            # What the I-CSCF gets: of a number its SIP URI.
            invites = [one.sip.split()[1] for one in entries if one.sip.startswith(("INVITE", "MESSAGE"))]
            dialled = next(uri for uri in invites if uri.startswith("sip:"))
            network = dialled.partition("@")[2]
            code = next((code for end, code in REFUSED.items() if name.endswith(end)), None)
            entry.avps = [(Avp.PUBLIC_IDENTITY, dialled)]
            if not entry.is_request and code is None:
                entry.avps = [(Avp.RESULT_CODE, 2001), (Avp.SERVER_NAME, f"sip:scscf.{network}:6060")]
            elif not entry.is_request and code is not None:
                entry.avps = [(Avp.EXPERIMENTAL_RESULT, [(Avp.EXPERIMENTAL_RESULT_CODE, code)])]
    return lab


def enum(
    uri: str = "sip:erin@ims-d.test", *, service: str = "E2U+sip", flags: str = "u", regexp: str | None = None
) -> DnsRecord:
    """Return a NAPTR record of the number."""
    fields = {"order": "100", "preference": "10", "flags": flags, "service": service, "replacement": ""}
    return DnsRecord("answer", ENUM, "NAPTR", 60, {**fields, "regexp": regexp or f"!^.*$!{uri}!"}, 30, 40)


def found(lab: Lab) -> Call:
    """Return the one call of a lab as the criteria see it."""
    trace = lab.trace()
    (one,) = find_trace_calls(correlate(trace), lab.federation, Surroundings(trace))
    return one


def frames(first: int, last: int) -> str:
    """Return the keys of frames, from the first to the last."""
    return " ".join(map(str, range(first, last + 1)))


def edit_header(lab: Lab, keys: str, name: str, value: str | None) -> Lab:
    """Set a header of those messages that have it, in its place; None takes it away."""
    for key in keys.split():
        lines = lab[key].sip.split("\r\n")
        lines = [f"{name}: {value}" if line.startswith(f"{name}:") else line for line in lines]
        lab[key].sip = "\r\n".join(line for line in lines if value is not None or not line.startswith(f"{name}:"))
    return lab


def edit_body(lab: Lab, keys: str, old: str, new: str) -> Lab:
    """Replace a text in the bodies of those messages, and make Content-Length right again."""
    lab.edit(keys, old, new)
    for key in keys.split():
        length = len(lab[key].sip.partition("\r\n\r\n")[2])
        edit_header(lab, key, "Content-Length", str(length))
    return lab


def failing(lab: Lab, of: Iterable[str] = ()) -> list[str]:
    """Return the criteria that fail, in order; of those named where some are."""
    wanted = tuple(of)
    return [id for id in lab.failing() if not wanted or id in wanted]
