"""Which SIP URI a telephone number has: ENUM (RFC 6116), through the testbed's DNS server and nothing else."""

from __future__ import annotations

from dns.rdtypes.IN.NAPTR import NAPTR
from sipmessage import URI

from conformance.protocols.e164 import enum_name, sip_uris
from conformance.stack.locate import Locator


async def uri_of_number(locator: Locator, number: str) -> URI | None:
    """Ask for the NAPTR records of a number; the one that is to be tried first wins.

    Args:
        locator: asks.
        number: `+` and digits.

    Returns:
        A SIP URI; None where the number, or such a record of it, does not exist.

    Raises:
        LocationFailed: the server does not answer, or answers that it cannot.
    """
    records = [record for record in await locator.ask(enum_name(number), "NAPTR") if isinstance(record, NAPTR)]
    return next(iter(sip_uris(records, number)), None)
