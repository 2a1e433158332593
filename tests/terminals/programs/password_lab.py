"""What tests of programs that know a password have in common: the challenge, and the answer that follows from it."""

from __future__ import annotations

from sipmessage import Request, Response

from conformance.protocols.aka import digest_ha1, digest_response
from conformance.protocols.sip.digest_header import DigestHeader
from conformance.protocols.sip.message import make_response
from conformance.vocabulary.federation import Subscriber

REALM = "octopus.netlab.test"
NONCE = "dcd98b7102dd2f0e8b11d0f600bfb0c0"
CHALLENGED = ["register-sent", "challenged", "register-sent"]


def challenge(request: Request) -> Response:
    """Ask for a response by password, with qop."""
    response = make_response(request, 401)
    header = DigestHeader.challenge(realm=REALM, nonce=NONCE, algorithm="MD5", qop="auth")
    response.headers.set("WWW-Authenticate", str(header))
    return response


def ha1_of(user: Subscriber) -> str:
    """Return H(A1) of a user of the realm."""
    assert user.password is not None
    return digest_ha1(user.impi, REALM, user.password.reveal())


def assert_proves(register: Request, user: Subscriber) -> None:
    """Assert that a REGISTER has the response that follows from the challenge and the user's password."""
    credentials = DigestHeader.parse(register.headers["Authorization"].strip())
    assert credentials.get("response") == digest_response(
        ha1_of(user),
        method="REGISTER",
        uri=f"sip:{REALM}",
        nonce=NONCE,
        qop="auth",
        nc=credentials.get("nc"),
        cnonce=credentials.get("cnonce"),
    )
