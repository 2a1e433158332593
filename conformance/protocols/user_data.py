"""Writes the user profile that the HSS sends in User-Data (3GPP TS 29.228 annexes B and E)."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from conformance.vocabulary.numbers import DefaultHandling, RegistrationType


def build_user_data(impi: str, impus: Sequence[str], application_servers: Sequence[str] = ()) -> bytes:
    """Return the profile as XML, UTF-8: one service profile with all identities, none of them barred.

    The identities are one implicit registration set: registering one registers all (3GPP TS 23.228 5.2.1a).

    Args:
        impi: private user identity.
        impus: public user identities; the first is the default one.
        application_servers: SIP URIs of those that are to be told of every registration, re-registration and
            deregistration, in the order of their priority.
    """
    identities = "".join(
        f"<PublicIdentity><BarringIndication>0</BarringIndication><Identity>{escape(impu)}</Identity></PublicIdentity>"
        for impu in impus
    )
    criteria = "".join(_criteria(priority, server) for priority, server in enumerate(application_servers))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f"<IMSSubscription><PrivateID>{escape(impi)}</PrivateID>"
        f"<ServiceProfile>{identities}{criteria}</ServiceProfile></IMSSubscription>"
    ).encode()


def _criteria(priority: int, server: str) -> str:
    """Return one initial filter criteria that REGISTERs of every type trigger."""
    types = "".join(f"<RegistrationType>{kind}</RegistrationType>" for kind in RegistrationType)
    return (
        f"<InitialFilterCriteria><Priority>{priority}</Priority>"
        "<TriggerPoint><ConditionTypeCNF>1</ConditionTypeCNF><SPT><ConditionNegated>0</ConditionNegated>"
        f"<Group>0</Group><Method>REGISTER</Method><Extension>{types}</Extension></SPT></TriggerPoint>"
        f"<ApplicationServer><ServerName>{escape(server)}</ServerName>"
        f"<DefaultHandling>{DefaultHandling.SESSION_CONTINUED}</DefaultHandling></ApplicationServer>"
        "</InitialFilterCriteria>"
    )
