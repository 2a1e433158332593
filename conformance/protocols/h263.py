"""Pictures of one shade in H.263, and the payload header that they travel behind (ITU-T H.263, RFC 2190).

The shade is the identity of who sends: the receiver knows from one block of a picture whose it sees. A picture of
176 x 144 points without detail is some 660 octets long, and so fits into one packet.
"""

from __future__ import annotations

from typing import Final

CLOCK_HZ: Final = 90_000
"""RFC 2190: of the timestamps."""
REFERENCE_TICKS: Final = 3003
"""One step of the temporal reference, 1001/30000 s, in units of the timestamp."""
DARKEST: Final = 16
BRIGHTEST: Final = 235
_MODE_A: Final = bytes((0, 2 << 5, 0, 0))
"""F=0, whole octets, source format QCIF, intra-coded, no options; no B picture (RFC 2190 5.1)."""
_START: Final = "0000000000000000100000"
_TYPE: Final = "10" + "000" + "010" + "0" + "0000"
"""Neither split screen, document camera nor release of a freeze; QCIF; INTRA; no options."""
_QUANTISER: Final = "01000" + "0" + "0"
"""Of no use where no coefficient follows; neither sub-bitstreams nor supplemental information."""
_MACROBLOCK: Final = "1" + "0011"
"""MCBPC: INTRA, no chrominance coefficients; CBPY: no luminance coefficients."""
_LUMINANCE, _CHROMINANCE = 4, 2
_BLOCKS: Final = 99
_GREY: Final = 255
"""INTRADC of the middle: 128 is not allowed, and written so."""
_SHADE_AT: Final = len(_START) + 8 + len(_TYPE) + len(_QUANTISER) + len(_MACROBLOCK)


def picture(shade: int, reference: int) -> bytes:
    """Return the payload of one RTP packet with one picture.

    Args:
        shade: brightness, 16 to 235, but 128.
        reference: temporal reference; counts modulo 256.

    Raises:
        ValueError: another shade.
    """
    if not DARKEST <= shade <= BRIGHTEST or shade == 128:
        raise ValueError(f"shade {shade}: expected {DARKEST} to {BRIGHTEST}, and not 128")
    block = _MACROBLOCK + _LUMINANCE * f"{shade:08b}" + _CHROMINANCE * f"{_GREY:08b}"
    bits = _START + f"{reference & 0xFF:08b}" + _TYPE + _QUANTISER + _BLOCKS * block
    bits += "0" * (-len(bits) % 8)
    return _MODE_A + int(bits, 2).to_bytes(len(bits) // 8)


def shade_of(payload: bytes) -> int | None:
    """Return the shade of the first block of such a picture; None for what is none of these."""
    bits = f"{int.from_bytes(payload[4:20]):0{8 * len(payload[4:20])}b}"
    head = bits[: len(_START)], bits[len(_START) + 8 : _SHADE_AT]
    if payload[:1] != b"\0" or head != (_START, _TYPE + _QUANTISER + _MACROBLOCK) or len(bits) < _SHADE_AT + 8:
        return None
    return int(bits[_SHADE_AT : _SHADE_AT + 8], 2)
