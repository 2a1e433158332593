"""Digest responses, recomputed: RFC 2617 3.2.2 and RFC 3310 (AKAv1-MD5, where RES is the password)."""

from __future__ import annotations

from hashlib import md5


def _hash(data: bytes) -> bytes:
    # RFC 2617 3.2.1: H(data) of the algorithm MD5; it authenticates nothing here, it is compared.
    return md5(data, usedforsecurity=False).hexdigest().encode()


def ha1(username: str, realm: str, password: bytes) -> str:
    """Return H(A1) as 32 hexadecimal digits (RFC 2617 3.2.2.2).

    Args:
        username: Without quotes.
        realm: Without quotes.
        password: Octets of the password; for AKAv1-MD5 RES itself (RFC 3310).
    """
    return _hash(b":".join((username.encode(), realm.encode(), password))).decode()


def session_ha1(ha1: str, *, nonce: str, cnonce: str) -> str:
    """Return H(A1) of the algorithm MD5-sess as 32 hexadecimal digits (RFC 2617 3.2.2.2).

    Args:
        ha1: H(A1) of MD5.
        nonce: As sent, without quotes.
        cnonce: As sent, without quotes.
    """
    return _hash(f"{ha1}:{nonce}:{cnonce}".encode()).decode()


def response(
    ha1: str,
    *,
    nonce: str,
    method: str,
    uri: str,
    qop: str | None = None,
    nc: str = "",
    cnonce: str = "",
    body: bytes = b"",
    integrity: bool | None = None,
) -> str:
    """Return the request digest as 32 hexadecimal digits (RFC 2617 3.2.2.1).

    Args:
        ha1: H(A1), from `ha1` or from the HSS.
        nonce: As sent, without quotes.
        method: SIP method.
        uri: Value of the `uri` parameter as it was sent.
        qop: `auth`, `auth-int`, or None for the form of RFC 2069.
        nc: Nonce count as sent.
        cnonce: As sent, without quotes.
        body: Message body, for `auth-int`.
        integrity: Whether the body is a part of A2 (RFC 2617 3.2.2.3); None: as qop says.
    """
    a2 = f"{method}:{uri}".encode()
    if integrity is None:
        integrity = qop is not None and qop.lower() == "auth-int"
    if integrity:
        a2 += b":" + _hash(body)
    parts = [ha1.encode(), nonce.encode()]
    if qop is not None:
        parts += [nc.encode(), cnonce.encode(), qop.encode()]
    return _hash(b":".join([*parts, _hash(a2)])).decode()
