"""Writes the user profile that the HSS sends in User-Data (3GPP TS 29.228 annexes B and E)."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape


def build_user_data(impi: str, impus: Sequence[str]) -> bytes:
    """Return the profile as XML, UTF-8: one service profile with all identities, none of them barred.

    The identities are one implicit registration set: registering one registers all (3GPP TS 23.228 5.2.1a).

    Args:
        impi: private user identity.
        impus: public user identities; the first is the default one.
    """
    identities = "".join(
        f"<PublicIdentity><BarringIndication>0</BarringIndication><Identity>{escape(impu)}</Identity></PublicIdentity>"
        for impu in impus
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f"<IMSSubscription><PrivateID>{escape(impi)}</PrivateID>"
        f"<ServiceProfile>{identities}</ServiceProfile></IMSSubscription>"
    ).encode()
