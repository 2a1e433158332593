"""A terminal of which every byte is written by the test: nothing corrects what it sends."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass

from conformance.protocols.sip.digest_header import DigestHeader
from conformance.stack.hop import Hop
from conformance.terminals.authenticator import Authenticator
from conformance.terminals.manner import Manner
from conformance.vocabulary.federation import Subscriber, Testbed

PATIENCE_S = 20.0


@dataclass(frozen=True)
class Way:
    """How a terminal writes its REGISTER."""

    request_uri: str
    first: str | None
    """Authorization of the first REGISTER; None: there is none."""
    blanks: bool = True
    """Whether parameters of later credentials have a blank between them."""


def standard(testbed: Testbed, impi: str) -> Way:
    """Return how a terminal writes that follows 3GPP TS 24.229 5.1.1.2."""
    uri = f"sip:{testbed.domain}"
    credentials = Authenticator(next(s for s in testbed.subscribers if s.impi == impi), testbed.domain).initial(uri)
    return Way(uri, str(credentials))


def symbian(testbed: Testbed, impi: str) -> Way:
    """Return how Symbian writes: port and transport in the Request-URI, an empty realm, no blanks (Q1 to Q4)."""
    uri = f"sip:{testbed.domain}:4060;transport=UDP"
    return Way(uri, f'Digest username="{impi}",realm="",nonce="",uri="{uri}",response=""', blanks=False)


def j2me(testbed: Testbed, impi: str) -> Way:
    """Return how a MIDlet writes: the port in the Request-URI, no Authorization (J2, J6)."""
    return Way(f"sip:{testbed.domain}:4060", None)


class RawPhone:
    """One terminal, over UDP."""

    def __init__(
        self, testbed: Testbed, subscriber: Subscriber, address: str, first_hop: Hop, manner: Manner | None = None
    ) -> None:
        self._impu = subscriber.impus[0]
        self._authenticator = Authenticator(subscriber, testbed.domain, manner=manner)
        self._hop = first_hop
        self._address = address
        self._cseq = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 5060))
        self._socket.settimeout(PATIENCE_S)
        self.answers: list[str] = []
        self.sent: list[str] = []

    def __enter__(self) -> RawPhone:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def register(self, way: Way, expires: int = 600) -> list[int]:
        """Register, answering challenges as long as they are new ones; return the status codes that came."""
        authorization, statuses = way.first, []
        while len(statuses) < 3:
            answer = self.send(self.request(way.request_uri, authorization, expires))
            self.answers.append(answer)
            statuses.append(int(answer.split()[1]))
            if statuses[-1] != 401:
                break
            challenge = re.search(r"^WWW-Authenticate: (.*)\r$", answer, re.MULTILINE)
            assert challenge is not None
            found = self._authenticator.answer(DigestHeader.parse(challenge[1]), method="REGISTER", uri=way.request_uri)
            authorization = str(found.credentials)
            if not way.blanks:
                authorization = authorization.replace(", ", ",")
        return statuses

    def request(self, request_uri: str, authorization: str | None, expires: int = 600) -> str:
        """Return a REGISTER."""
        self._cseq += 1
        user = self._impu.partition(":")[2].partition("@")[0]
        return (
            f"REGISTER {request_uri} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self._address}:5060;branch=z9hG4bKraw{self._cseq};rport\r\n"
            f"From: <{self._impu}>;tag=raw\r\nTo: <{self._impu}>\r\nMax-Forwards: 70\r\n"
            f"Call-ID: raw-{self._address}\r\nCSeq: {self._cseq} REGISTER\r\n"
            f"Contact:   <sip:{user}@{self._address}:5060>;expires={expires}\r\n"
            + (f"Authorization: {authorization}\r\n" if authorization is not None else "")
            + "Supported: path\r\nX-Odd :  kept , as it is\r\nContent-Length: 0\r\n\r\n"
        )

    def send(self, message: str) -> str:
        """Send a message and return what comes back for it."""
        self.sent.append(message)
        self._socket.sendto(message.encode(), (self._hop.address, self._hop.port))
        while True:
            answer = self._socket.recv(65535).decode()
            if f"CSeq: {self._cseq} REGISTER" in answer and not answer.startswith("SIP/2.0 1"):
                return answer
