"""What a proxy asks of the session interval of requests that it forwards (RFC 4028 8.1)."""

from __future__ import annotations

from sipmessage import Request

from conformance.cores.emulated.sip_server import Refused
from conformance.protocols.sip.session_expires import MIN_SE, SESSION_EXPIRES, SessionExpires, min_se, supports

REFRESHING = ("INVITE", "UPDATE")


def admit(request: Request, minimum_s: int) -> None:
    """Refuse too short an interval, or lengthen it where the sender would not understand the refusal.

    Args:
        request: changed in place.
        minimum_s: shortest interval that the proxy allows, seconds.

    Raises:
        Refused: 422 with Min-SE.
        ValueError: Session-Expires or Min-SE cannot be read.
    """
    if request.method not in REFRESHING:
        return
    asked = SessionExpires.of(request)
    if asked is None or asked.seconds >= minimum_s:
        return
    if supports(request):
        raise Refused(422, headers={MIN_SE: str(minimum_s)})
    shortest = max(minimum_s, min_se(request) or 0)
    request.headers.set(MIN_SE, str(shortest))
    request.headers.set(SESSION_EXPIRES, str(SessionExpires(shortest, asked.refresher)))
