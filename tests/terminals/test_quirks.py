"""The octets that a terminal of a profile puts on the wire, quirk by quirk.

The P-CSCF here is a bare socket: it keeps every datagram as it came, whatever it is.
"""

from __future__ import annotations

import re
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from conformance.protocols.aka import SequenceNumbers, digest_ha1, digest_response, encode_nonce, generate_vector
from conformance.protocols.milenage import Milenage
from conformance.protocols.sip.digest_header import DigestHeader
from conformance.protocols.sip.message import make_response, read_message, write_message
from conformance.quirks.catalogue import all_quirks
from conformance.quirks.profiles import profile_named, profile_names
from conformance.terminals.call_failures import CallRefused
from conformance.terminals.terminal import RegistrationRejected, Terminal
from conformance.vocabulary.errors import HarnessFault
from conformance.vocabulary.events import EventKind
from conformance.vocabulary.federation import Federation, NodeKind, Subscriber

RAND = bytes(range(16))
BOTH = "auth,auth-int"
QOP = {"Q10": BOTH, "Q11": None}
"""What the challenge offers where a quirk shows in the answer to that alone; else it offers auth."""


class RawPcscf:
    """Challenges the first REGISTER, grants the second one, and answers whatever else with 486."""

    def __init__(self, address: tuple[str, int], alice: Subscriber) -> None:
        self.alice = alice
        self.qop: str | None = "auth"
        self.sent: list[bytes] = []
        """Requests, each once."""
        self._come = threading.Condition()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def address(self) -> str:
        return str(self._socket.getsockname()[0])

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def has_come(self, method: bytes) -> bytes:
        """Wait for a request and return it."""
        with self._come:
            assert self._come.wait_for(lambda: any(one.startswith(method) for one in self.sent), 5)
        return next(one for one in self.sent if one.startswith(method))

    def _serve(self) -> None:
        while True:
            data, source = self._socket.recvfrom(65_535)
            if not data:
                return
            if not data.startswith((b"REGISTER", b"INVITE")) or _head(data) in self.sent:
                continue
            with self._come:
                self.sent.append(_head(data))
                self._come.notify_all()
            self._socket.sendto(self._answer(data), source)

    def _answer(self, data: bytes) -> bytes:
        request = read_message(data)
        if request.method != "REGISTER":
            return write_message(make_response(request, 486))
        if len(self.sent) == 2:
            response = make_response(request, 200)
            if contact := request.headers.get("Contact"):
                bound = contact if "expires=" in contact else f"{contact};expires=3600"
                response.headers.set("Contact", bound)
            return write_message(response)
        response = make_response(request, 401)
        vector = generate_vector(Milenage(self.alice.k.reveal(), self.alice.opc.reveal()), RAND, 32, b"\x80\x00")
        values = {"realm": "uc3m.netlab.test", "nonce": encode_nonce(vector.rand, vector.autn)}
        values |= {"algorithm": "AKAv1-MD5"} | ({} if self.qop is None else {"qop": self.qop})
        response.headers.set("WWW-Authenticate", str(DigestHeader.challenge(**values)))
        return write_message(response)


def _head(data: bytes) -> bytes:
    """Return a request without its body, which chance has a part in, and without the length of that."""
    return re.sub(rb"\r\nContent-Length: \d+", b"", data.partition(b"\r\n\r\n")[0]) + b"\r\n"


@pytest.fixture
def raw(federation: Federation, alice: Subscriber) -> Iterator[RawPcscf]:
    node = federation.testbeds["uc3m"].node(NodeKind.PCSCF)
    pcscf = RawPcscf((str(node.address), node.port), alice)
    yield pcscf
    pcscf.close()


@pytest.fixture
def of(
    raw: RawPcscf,
    make_terminal: Callable[..., Terminal],
    alice: Subscriber,
    federation: Federation,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., list[bytes]]:
    """What a terminal of a profile sends to register and to call; chance is the same one each time."""
    place = federation.testbeds["uc3m"].access_networks[0].pool[1]

    def sent(name: str, scene: str = "") -> list[bytes]:
        numbers = count(1)
        monkeypatch.setattr(secrets, "token_hex", lambda size: f"{next(numbers):0{2 * size}x}")
        raw.sent, raw.qop = [], QOP.get(scene, "auth")
        known = SequenceNumbers(64 << 5, [64] * 32) if scene == "Q15" else None
        terminal = make_terminal(alice, address=place, profile=profile_named(name), numbers=known)
        try:
            terminal.register()
        except RegistrationRejected:
            assert scene == "J5"  # it has no binding, and says so
            assert not terminal.registered
        if scene == "Q7":
            terminal.call("sip:bob@stuba.netlab.test")
            raw.has_come(b"INVITE")
        terminal.close()
        return list(raw.sent)

    return sent


def line(message: bytes, name: str) -> bytes:
    """Return the value of the only header field of that name; empty where there is none."""
    found = re.findall(rb"(?m)^" + name.encode() + rb": ([^\r\n]*)", message)
    assert len(found) < 2
    return found[0] if found else b""


ON_WIRE = [quirk.id for quirk in all_quirks().values() if quirk.on_wire]


@pytest.mark.parametrize("id", ON_WIRE)
def test_every_quirk_on_the_wire_is_on_the_wire(of: Callable[..., list[bytes]], id: str) -> None:
    standard, deviating = of("standard", id), of(f"standard+{id}", id)
    assert deviating != standard
    assert len(deviating) == len(standard)
    assert of("standard", id) == standard  # chance has no part in it


@pytest.mark.parametrize("id", ["Q16", "J1", "J4"])
def test_what_no_message_shows_changes_no_octet(of: Callable[..., list[bytes]], id: str) -> None:
    assert of(f"standard+{id}") == of("standard")


def test_request_uri_and_digest_uri(of: Callable[..., list[bytes]]) -> None:
    bare, short = b"sip:uc3m.netlab.test", b"sip:uc3m.netlab.test:4060"
    long = short + b";transport=UDP"
    both = {
        "standard": (bare, bare),
        "standard+Q1": (long, long),
        "standard+Q2": (bare, long),
        "standard+Q1+Q2": (long, long),
        "standard+J2": (short, short),
        "standard+J2+Q2": (short, short),
    }
    for name, (request_uri, digest_uri) in both.items():
        messages = of(name)
        assert len(messages) == 2
        for message in messages:
            assert message.startswith(b"REGISTER " + request_uri + b" SIP/2.0\r\n")
            assert b'uri="' + digest_uri + b'"' in line(message, "Authorization")


FIRST = {
    "standard": b'Digest username="alice@uc3m.netlab.test", realm="uc3m.netlab.test", nonce="", '
    b'uri="sip:uc3m.netlab.test", response="", algorithm=AKAv1-MD5',
    "Q3": b'Digest username="alice@uc3m.netlab.test",realm="uc3m.netlab.test",nonce="",uri="sip:uc3m.netlab.test",'
    b'response=""',
    "Q4": b'Digest username="", realm="", nonce="", uri="sip:uc3m.netlab.test", response="", algorithm=AKAv1-MD5',
    "Q4a": b'Digest username="alice@uc3m.netlab.test", realm="", nonce="", uri="sip:uc3m.netlab.test", response="", '
    b"algorithm=AKAv1-MD5",
    "Q4b": b'Digest username="alice", realm="uc3m.netlab.test", nonce="", uri="sip:uc3m.netlab.test", response="", '
    b"algorithm=AKAv1-MD5",
    "Q5": b"",
    "J6": b"",
    "Q12": b'Digest username="alice@uc3m.netlab.test", realm="proxy.uc3m.netlab.test", nonce="", '
    b'uri="sip:uc3m.netlab.test", response="", algorithm=AKAv1-MD5',
    "U1": b'Digest username="alice@uc3m.netlab.test", realm="uc3m.netlab.test", nonce=" ", '
    b'uri="sip:uc3m.netlab.test", response=" "',
}
"""Authorization of the first REGISTER."""


@pytest.mark.parametrize("id", FIRST)
def test_authorization_of_the_first_register(of: Callable[..., list[bytes]], id: str) -> None:
    first, answer = of("standard" if id == "standard" else f"standard+{id}")
    assert line(first, "Authorization") == FIRST[id]
    # whatever the first one is like, the challenge is answered
    assert re.search(rb'response="[0-9a-f]{32}"', answer)


def test_a_settings_file_without_realm_and_q3_together(of: Callable[..., list[bytes]]) -> None:
    first, _ = of("standard+Q4+Q3")
    expected = b'Digest username="",realm="",nonce="",uri="sip:uc3m.netlab.test",response=""'
    assert line(first, "Authorization") == expected


def credentials(message: bytes) -> DigestHeader:
    return DigestHeader.parse(line(message, "Authorization").decode())


def computed(alice: Subscriber, given: DigestHeader, uri: str, qop: str | None, username: str = "") -> str:
    res = generate_vector(Milenage(alice.k.reveal(), alice.opc.reveal()), RAND, 32, b"\x80\x00").xres
    return digest_response(
        digest_ha1(username or alice.impi, given.get("realm"), res),
        method="REGISTER",
        uri=uri,
        nonce=given.get("nonce"),
        qop=qop,
        nc=given.get("nc"),
        cnonce=given.get("cnonce"),
    )


EMPTY_BODY = "d41d8cd98f00b204e9800998ecf8427e"


def test_the_answer_to_a_challenge(of: Callable[..., list[bytes]], alice: Subscriber) -> None:
    bare = "sip:uc3m.netlab.test"
    cases = [
        # profile, scene, uri of A2, qop of the credentials
        ("standard", "Q10", bare, "auth"),
        ("standard+Q10", "Q10", bare, "auth-int"),
        ("standard+Q10", "", bare, "auth"),
        ("standard", "Q11", bare, ""),
        ("standard+Q11", "Q11", f"{bare}:{EMPTY_BODY}", ""),
        ("standard+Q11", "", bare, "auth"),
        ("standard+U2", "", bare, ""),
        ("standard+Q2", "", f"{bare}:4060;transport=UDP", "auth"),
    ]
    for name, scene, uri, qop in cases:
        given = credentials(of(name, scene)[-1])
        assert given.get("qop") == qop, name
        assert ("nc" in given, "cnonce" in given) == (bool(qop), bool(qop))
        assert given.get("response") == computed(alice, given, uri, qop or None), name


def test_a_username_without_domain_is_hashed_as_it_is_sent(of: Callable[..., list[bytes]], alice: Subscriber) -> None:
    given = credentials(of("standard+Q4b")[-1])
    assert given.get("username") == "alice"
    assert given.get("response") == computed(alice, given, "sip:uc3m.netlab.test", "auth", "alice")


def test_auts_with_and_without_a_response(of: Callable[..., list[bytes]]) -> None:
    for name, has_response in (("standard", True), ("standard+Q15", False)):
        given = credentials(of(name, "Q15")[1])
        assert given.get("auts")
        assert bool(given.get("response")) is has_response


def test_stale_credentials_stand_before_those_that_count(of: Callable[..., list[bytes]]) -> None:
    first, answer = of("standard+Q12")
    stale, counting = re.findall(rb"(?m)^Authorization: ([^\r\n]*)", answer)
    assert stale == line(first, "Authorization")
    assert b'realm="uc3m.netlab.test", nonce="' in counting


def test_the_same_authorization_twice(of: Callable[..., list[bytes]]) -> None:
    for message in of("standard+Q4g"):
        one, other = re.findall(rb"(?m)^Authorization: ([^\r\n]*)", message)
        assert one == other


FIELDS = {
    # header field of every REGISTER, by quirk; address and port of the proxy and of the terminal are put in
    "standard": {"Supported": "path", "Expires": "600000", "Contact": "<sip:alice@{me}>", "Route": "", "Require": ""},
    "Q6": {"Supported": ""},
    "Q8": {"Security-Client": "digest", "Require": "sec-agree", "Proxy-Require": "sec-agree", "Supported": "path"},
    "Q9": {"Contact": "<sip:alice@{me};comp=sigcomp>", "Route": ""},
    "Q13": {"Route": "<sip:{proxy};lr;transport=UDP>"},
    "Q13a": {"Route": "<sip:{proxy};transport=UDP>"},
    "Q13+Q9": {"Route": "<sip:{proxy};lr;transport=UDP;comp=sigcomp>"},
    "Q14": {"Contact": "<sip:alice@{me}>;expires=600000", "Expires": ""},
    "Q14a": {"Contact": "<sip:alice@{me}>", "Expires": "3600"},
    "Q14+Q14a": {"Contact": "<sip:alice@{me}>;expires=3600", "Expires": ""},
    "Q17": {"To": "<sip:alice@uc3m.netlab.test>;nat_traversal_required"},
    "U4": {"Route": "<sip:{proxy};lr>"},
}


@pytest.mark.parametrize("id", FIELDS)
def test_other_header_fields(of: Callable[..., list[bytes]], federation: Federation, id: str) -> None:
    testbed = federation.testbeds["uc3m"]
    places = {
        "me": f"{testbed.access_networks[0].pool[1]}:5060",
        "proxy": f"{testbed.node(NodeKind.PCSCF).address}:4060",
    }
    for message in of("standard" if id == "standard" else f"standard+{id}"):
        for name, value in FIELDS[id].items():
            assert line(message, name).decode() == value.format(**places), name


def test_an_instance_identifier_stays_the_same(of: Callable[..., list[bytes]]) -> None:
    first, answer = of("standard+U3")
    assert line(first, "Contact") == line(answer, "Contact")
    assert re.search(rb'>;\+sip\.instance="<urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}>"', first)
    assert line(first, "Supported") == b"path, gruu"


def test_the_access_network_is_named_in_no_call(of: Callable[..., list[bytes]]) -> None:
    assert line(of("standard", "Q7")[-1], "P-Access-Network-Info")
    assert line(of("standard+Q7", "Q7")[-1], "P-Access-Network-Info") == b""


def test_without_contact_there_is_no_binding(of: Callable[..., list[bytes]]) -> None:
    first, answer = of("standard+J5", "J5")
    assert line(first, "Contact") == line(answer, "Contact") == b""


def test_who_refuses_by_himself_sends_nothing(
    raw: RawPcscf, make_terminal: Callable[..., Terminal], alice: Subscriber
) -> None:
    terminal = make_terminal(alice, profile=profile_named("standard+J3"))
    with pytest.raises(RegistrationRejected, match=r"0 a SIP profile of the telephone has the identity .*\(J3\)"):
        terminal.register()
    assert [event.kind for event in terminal.events.events] == [EventKind.REJECTED]
    assert raw.sent == []


def test_sips_is_refused_before_anything_is_sent(
    raw: RawPcscf, make_terminal: Callable[..., Terminal], alice: Subscriber
) -> None:
    terminal = make_terminal(alice, profile=profile_named("standard+J4"))
    terminal.register()
    with pytest.raises(CallRefused, match=r"sips is not supported: nothing is sent \(J4\)"):
        terminal.call("sips:bob@stuba.netlab.test")
    secure = alice.model_copy(update={"impus": ["sips:alice@uc3m.netlab.test"]})
    with pytest.raises(RegistrationRejected, match="sips is not supported"):
        make_terminal(secure, profile=profile_named("standard+J4")).register()
    assert len(raw.sent) == 2


def test_no_terminal_is_what_cannot_be(make_terminal: Callable[..., Terminal], alice: Subscriber) -> None:
    with pytest.raises(HarnessFault, match="no terminal is j2me-dedicated: S60 does not implement dedicated mode"):
        make_terminal(alice, profile=profile_named("j2me-dedicated"))


PROFILES = {
    "standard": (b"REGISTER sip:uc3m.netlab.test SIP/2.0", FIRST["standard"], b"", b"600000", b"path"),
    "uct": (b"REGISTER sip:uc3m.netlab.test SIP/2.0", FIRST["U1"], b";lr>", b"600000", b"path, gruu"),
    "symbian-s60": (
        b"REGISTER sip:uc3m.netlab.test:4060;transport=UDP SIP/2.0",
        b'Digest username="",realm="",nonce="",uri="sip:uc3m.netlab.test:4060;transport=UDP",response=""',
        b";lr;transport=UDP>",
        b"",
        b"path",
    ),
    "symbian-s60-ietf": (
        b"REGISTER sip:uc3m.netlab.test:4060;transport=UDP SIP/2.0",
        b"",
        b";lr;transport=UDP>",
        b"",
        b"",
    ),
    "j2me-shared": (b"REGISTER sip:uc3m.netlab.test:4060 SIP/2.0", b"", b"", b"600000", b""),
}
"""Of the first REGISTER of each profile: its first line, Authorization, the end of Route, Expires, Supported."""


@pytest.mark.parametrize("name", PROFILES)
def test_the_first_register_of_a_profile(of: Callable[..., list[bytes]], name: str) -> None:
    start, authorization, route, expires, supported = PROFILES[name]
    first, answer = of(name)
    assert first.startswith(start + b"\r\n")
    assert line(first, "Authorization") == authorization
    assert line(first, "Route").endswith(route)
    assert bool(line(first, "Route")) is bool(route)
    assert (line(first, "Expires"), line(first, "Supported")) == (expires, supported)
    assert re.search(rb'response="[0-9a-f]{32}"', answer)


def test_every_possible_profile_is_shown() -> None:
    assert {name for name in profile_names() if not profile_named(name).impossible} == set(PROFILES)
