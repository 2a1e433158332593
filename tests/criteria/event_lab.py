"""A registration and the subscriptions to its state, typed by hand: what comes behind the registration of the lab."""

from __future__ import annotations

from conformance.judgement import judge
from conformance.vocabulary.numbers import Avp, DiameterCommand
from conformance.vocabulary.points import Point
from conformance.vocabulary.results import ProcedureResult
from tests.criteria.registration_lab import (
    EMPTY,
    END,
    HSS,
    ICSCF,
    ICSCF_CX,
    PATH,
    PCSCF,
    SCSCF,
    SCSCF_CX,
    UE,
    Entry,
    Lab,
    answers,
    cx,
    dns,
    home_registration,
    register,
)

WATCHED = "sip:alice@uc3m.test"
EVENT_FLOWS = ("registration-event", "registration-event-pcscf", "deregistration-network")
VIA_PE = "Via: SIP/2.0/UDP 127.40.1.11:4060;branch=z9hG4bKpe{n}\r\n"
VIA_IE = "Via: SIP/2.0/UDP 127.40.1.12:5060;branch=z9hG4bKie{n}\r\n"
VIA_UE_EVENT = "Via: SIP/2.0/UDP 127.40.1.100:5062;branch=z9hG4bKuee{n};rport\r\n"
VIA_SE = "Via: SIP/2.0/UDP 127.40.1.13:6060;branch=z9hG4bKse{n}\r\n"
UE_DIALOG = "Call-ID: e1@ue\r\n"
P_DIALOG = "Call-ID: e2@pcscf\r\n"
SUBSCRIBED = "Expires: 600000\r\nContact: <sip:scscf.uc3m.test:6060>\r\n"


def reginfo(
    version: int,
    *,
    state: str = "active",
    contact: tuple[str, str] = ("active", "registered"),
    uri: str = "sip:alice@127.40.1.100:5062",
) -> str:
    how = f'state="{contact[0]}" event="{contact[1]}"' + (' expires="3600"' if contact[0] == "active" else "")
    registrations = "".join(
        f'<registration aor="{aor}" id="r{index}" state="{state}">'
        f'<contact id="c{index}" {how}><uri>{uri}</uri></contact></registration>'
        for index, aor in enumerate((WATCHED, "tel:+34600000001"))
    )
    root = f'<reginfo xmlns="urn:ietf:params:xml:ns:reginfo" version="{version}" state="full">'
    return f'<?xml version="1.0"?>\n{root}{registrations}</reginfo>'


def _with_body(head: str, body: str) -> str:
    return f"{head}Content-Type: application/reginfo+xml\r\nContent-Length: {len(body)}\r\n\r\n{body}"


def _ue_subscribe() -> list[Entry]:
    ue, p = VIA_UE_EVENT.format(n=1), VIA_PE.format(n=1)
    ends = f"From: <{WATCHED}>;tag=ue1\r\nTo: <{WATCHED}>\r\n" + UE_DIALOG + "CSeq: 1 SUBSCRIBE\r\n"
    back = f"From: <{WATCHED}>;tag=ue1\r\nTo: <{WATCHED}>;tag=sc1\r\n" + UE_DIALOG + "CSeq: 1 SUBSCRIBE\r\n"
    start = f"SUBSCRIBE {WATCHED} SIP/2.0\r\n"
    rest = (
        "Event: reg\r\nAccept: application/reginfo+xml\r\nExpires: 600000\r\nContact: <sip:alice@127.40.1.100:5062>\r\n"
    )
    own = "Route: <sip:127.40.1.11:4060;lr>, <sip:orig@scscf.uc3m.test:6060;lr>\r\n"
    onwards = f"Route: <sip:orig@scscf.uc3m.test:6060;lr>\r\nP-Asserted-Identity: <{WATCHED}>\r\n"
    ok = "SIP/2.0 200 OK\r\n"
    return [
        Entry("sub-gm", Point.GM, UE, PCSCF, start + ue + "Max-Forwards: 70\r\n" + ends + own + rest + END),
        Entry("sub-mw", Point.MW, PCSCF, SCSCF, start + p + ue + "Max-Forwards: 69\r\n" + ends + onwards + rest + END),
        Entry("sub-mw200", Point.MW, SCSCF, PCSCF, ok + p + ue + back + SUBSCRIBED + END),
        Entry("sub-gm200", Point.GM, PCSCF, UE, ok + ue + back + SUBSCRIBED + END),
    ]


def _pcscf_subscribe() -> list[Entry]:
    p, i = VIA_PE.format(n=2), VIA_IE.format(n=2)
    own = "<sip:term@pcscf.uc3m.test:4060>"
    ends = f"From: {own};tag=p1\r\nTo: <{WATCHED}>\r\n" + P_DIALOG + "CSeq: 1 SUBSCRIBE\r\n"
    back = f"From: {own};tag=p1\r\nTo: <{WATCHED}>;tag=sc2\r\n" + P_DIALOG + "CSeq: 1 SUBSCRIBE\r\n"
    start = f"SUBSCRIBE {WATCHED} SIP/2.0\r\n"
    rest = f"Event: reg\r\nExpires: 600000\r\nContact: {own}\r\nP-Asserted-Identity: {own}\r\n"
    ok = "SIP/2.0 200 OK\r\n"
    location: list[tuple[Avp, object]] = [(Avp.PUBLIC_IDENTITY, WATCHED)]
    answer: list[tuple[Avp, object]] = [(Avp.RESULT_CODE, 2001), (Avp.SERVER_NAME, "sip:scscf.uc3m.test:6060")]
    return [
        Entry("psub-p", Point.MW, PCSCF, ICSCF, start + p + "Max-Forwards: 70\r\n" + ends + rest + END),
        cx("lir", DiameterCommand.LOCATION_INFO, ICSCF_CX, location),
        cx("lia", DiameterCommand.LOCATION_INFO, HSS, answer),
        Entry("psub-i", Point.MW, ICSCF, SCSCF, start + i + p + "Max-Forwards: 69\r\n" + ends + rest + END),
        Entry("psub-i200", Point.MW, SCSCF, ICSCF, ok + i + p + back + SUBSCRIBED + END),
        Entry("psub-p200", Point.MW, ICSCF, PCSCF, ok + p + back + SUBSCRIBED + END),
    ]


def _notify_ue(key: str, n: int, state: str, body: str) -> list[Entry]:
    s, p = VIA_SE.format(n=n), VIA_PE.format(n=10 + n)
    ends = f"From: <{WATCHED}>;tag=sc1\r\nTo: <{WATCHED}>;tag=ue1\r\n" + UE_DIALOG + f"CSeq: {n} NOTIFY\r\n"
    start = "NOTIFY sip:alice@127.40.1.100:5062 SIP/2.0\r\n"
    rest = f"Event: reg\r\nSubscription-State: {state}\r\nContact: <sip:scscf.uc3m.test:6060>\r\n"
    ok = "SIP/2.0 200 OK\r\n"
    return [
        Entry(f"{key}-mw", Point.MW, SCSCF, PCSCF, _with_body(start + s + "Max-Forwards: 70\r\n" + ends + rest, body)),
        Entry(f"{key}-gm", Point.GM, PCSCF, UE, _with_body(start + p + s + "Max-Forwards: 69\r\n" + ends + rest, body)),
        Entry(f"{key}-gm200", Point.GM, UE, PCSCF, ok + p + s + ends + END),
        Entry(f"{key}-mw200", Point.MW, PCSCF, SCSCF, ok + s + ends + END),
    ]


def _notify_pcscf(key: str, n: int, state: str, body: str) -> list[Entry]:
    s = VIA_SE.format(n=20 + n)
    own = "<sip:term@pcscf.uc3m.test:4060>"
    ends = f"From: <{WATCHED}>;tag=sc2\r\nTo: {own};tag=p1\r\n" + P_DIALOG + f"CSeq: {n} NOTIFY\r\n"
    start = "NOTIFY sip:term@pcscf.uc3m.test:4060 SIP/2.0\r\n"
    rest = f"Event: reg\r\nSubscription-State: {state}\r\nContact: <sip:scscf.uc3m.test:6060>\r\n"
    return [
        Entry(key, Point.MW, SCSCF, PCSCF, _with_body(start + s + "Max-Forwards: 70\r\n" + ends + rest, body)),
        Entry(f"{key}200", Point.MW, PCSCF, SCSCF, "SIP/2.0 200 OK\r\n" + s + ends + END),
    ]


class EventLab(Lab):
    """A registration, and the two subscriptions to its state."""

    reginfo = staticmethod(reginfo)

    def judge(self) -> ProcedureResult:
        found = judge(self.trace(), federation=self.federation, confirm=None).procedures
        found = [one for one in found if one.flow in EVENT_FLOWS]
        assert len(found) == 1
        return found[0]

    def body(self, keys: str, old: str, new: str) -> EventLab:
        """Replace a text in the bodies of NOTIFYs; their Content-Length follows."""
        for key in keys.split():
            head, body = self[key].sip.split("\r\n\r\n")
            assert old in body, f"{key} has no {old!r}"
            changed = body.replace(old, new)
            head = head.replace(f"Content-Length: {len(body)}", f"Content-Length: {len(changed)}")
            self[key].sip = f"{head}\r\n\r\n{changed}"
        return self

    def before_the_end(self, entries: list[Entry]) -> EventLab:
        self.entries[-2:-2] = entries
        return self

    def deregister(self) -> EventLab:
        """Let the terminal give up its registration, and the S-CSCF tell so."""
        third = [text.replace("expires=600000", "expires=0") for text in register(3, EMPTY)]
        granted = answers(3, "200 OK", PATH, PATH)
        body = reginfo(1, state="terminated", contact=("terminated", "unregistered"))
        entries = [
            Entry("gm3", Point.GM, UE, PCSCF, third[0]),
            Entry("p3", Point.MW, PCSCF, ICSCF, third[1]),
            Entry("i3", Point.MW, ICSCF, SCSCF, third[2]),
            Entry("s3200", Point.MW, SCSCF, ICSCF, granted[0]),
            Entry("i3200", Point.MW, ICSCF, PCSCF, granted[1]),
            Entry("g3200", Point.GM, PCSCF, UE, granted[2]),
            *_notify_ue("end", 2, "terminated;reason=noresource", body),
            *_notify_pcscf("pend", 2, "terminated;reason=noresource", body),
        ]
        return self.before_the_end(entries)

    def terminate(self) -> EventLab:
        """Let the HSS end the registration, and the S-CSCF tell so."""
        user: list[tuple[Avp, object]] = [(Avp.USER_NAME, "alice@uc3m.test"), (Avp.PUBLIC_IDENTITY, WATCHED)]
        body = reginfo(1, state="terminated", contact=("terminated", "deactivated"))
        command = DiameterCommand.REGISTRATION_TERMINATION
        entries = [
            Entry("rtr", Point.CX, HSS, SCSCF_CX, command=command, is_request=True, avps=user),
            *_notify_ue("end", 2, "terminated;reason=noresource", body),
            *_notify_pcscf("pend", 2, "terminated;reason=noresource", body),
            Entry("rta", Point.CX, SCSCF_CX, HSS, command=command, avps=[(Avp.RESULT_CODE, 2001)]),
        ]
        return self.before_the_end(entries)


def registration_with_events() -> EventLab:
    """Return a conforming registration at home, the subscriptions of terminal and P-CSCF, and a minute behind them."""
    later = dns("later", ICSCF, "elsewhere.test", "A")
    for entry in later:
        entry.time_ns = 1_700_000_060_000_000_000
    return EventLab(
        [
            *home_registration().entries,
            *_pcscf_subscribe(),
            *_notify_pcscf("pnot", 1, "active;expires=600000", reginfo(0)),
            *_ue_subscribe(),
            *_notify_ue("not", 1, "active;expires=600000", reginfo(0)),
            *later,
        ]
    )
