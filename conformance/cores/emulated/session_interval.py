"""What a proxy asks of the session interval of requests that it forwards, and of the answers (RFC 4028 8)."""

from __future__ import annotations

from sipmessage import Request, Response

from conformance.cores.emulated.sip_server import Refused
from conformance.protocols.sip.session_expires import (
    MIN_SE,
    OPTION,
    SESSION_EXPIRES,
    SessionExpires,
    min_se,
    supports,
)

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


def insert(request: Request, seconds: int) -> None:
    """Ask for a session timer where the caller asks for none.

    Args:
        request: INVITE, changed in place.
        seconds: the interval; 0: nothing is asked for.
    """
    if seconds and SessionExpires.of(request) is None:
        request.headers.set(SESSION_EXPIRES, str(SessionExpires(max(seconds, min_se(request) or 0))))


def inserted(request: Request, response: Response, seconds: int) -> None:
    """Tell a caller who knows the extension of the timer that was inserted, where who is called does not know it.

    Args:
        request: INVITE as it came.
        response: its answer, changed in place where it is a 2xx without a timer.
        seconds: what `insert` asked for.
    """
    if not seconds or not 200 <= response.code < 300 or SessionExpires.of(response) is not None:
        return
    if supports(request):
        asked = SessionExpires.of(request)
        interval = asked.seconds if asked is not None else max(seconds, min_se(request) or 0)
        response.headers.set(SESSION_EXPIRES, str(SessionExpires(interval, "uac")))
        response.require = [*(tag for tag in response.require if tag != OPTION), OPTION]
