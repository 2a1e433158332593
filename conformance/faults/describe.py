"""Edits in words, for the README of a case and for the table of `netlab faults`."""

from __future__ import annotations

from conformance.faults.edits import (
    AddAvp,
    AddDatagram,
    AddHeader,
    AddStream,
    Delay,
    Drop,
    Edit,
    ForgetPoint,
    Insert,
    Protect,
    Readdress,
    RemoveAvp,
    RemoveHeader,
    RemoveParameter,
    RemoveRecord,
    SetAvp,
    SetCodepoint,
    SetHeader,
    SetParameter,
    SetRecord,
    Substitution,
    Swap,
    Tunnel,
)


def _substitution_line(change: Substitution) -> str:
    unit = "octets " if change.hex else ""
    if not change.replace:
        return f"{unit}`{_shown(change.find)}` taken out"
    return f"{unit}`{_shown(change.find)}` becomes `{_shown(change.replace)}`"


def _shown(text: str) -> str:
    """Return a text with its control characters visible, fit for one line of Markdown."""
    return text.encode("unicode_escape").decode().replace("`", "'")


def edit_lines(edit: Edit) -> list[str]:
    """Return an edit in words, as lines of a Markdown list; control characters of a capture are shown."""
    where = ("frame " if len(edit.frames) == 1 else "frames ") + ", ".join(map(str, edit.frames))
    match edit:
        case Substitution():
            return [f"- {where}: {_substitution_line(edit)}"]
        case SetAvp():
            what = f"`{edit.find}` becomes `{edit.value}`" if edit.find is not None else f"becomes `{edit.value}`"
            return [f"- {where}: AVP {'/'.join(map(str, edit.path))} {what}"]
        case RemoveAvp():
            return [f"- {where}: AVP {'/'.join(map(str, edit.path))} taken out"]
        case AddAvp():
            return [f"- {where}: AVP {edit.code} added, `{edit.value}`"]
        case RemoveHeader():
            return [f"- {where}: header {_shown(edit.name)} taken out"]
        case SetHeader():
            return [f"- {where}: header {_shown(edit.name)} becomes `{_shown(edit.value)}`"]
        case AddHeader():
            return [f"- {where}: header {_shown(edit.name)} added, `{_shown(edit.value)}`"]
        case RemoveParameter():
            return [f"- {where}: {_shown(edit.header)}: parameter {_shown(edit.parameter)} taken out"]
        case SetParameter():
            what = f"parameter {_shown(edit.parameter)} becomes `{_shown(edit.value)}`"
            return [f"- {where}: {_shown(edit.header)}: {what}"]
        case RemoveRecord():
            return [f"- {where}: record with `{_shown(edit.find)}` taken out"]
        case SetRecord():
            return [f"- {where}: in the record with `{_shown(edit.find)}` this becomes `{_shown(edit.replace)}`"]
        case Delay():
            return [f"- {where}: seen {abs(edit.by_us)} microseconds {'earlier' if edit.by_us < 0 else 'later'}"]
        case Swap():
            return [f"- {where}: change places"]
        case Drop():
            return [f"- {where}: taken out"]
        case Insert():
            ends = f" from {edit.source[0]}:{edit.source[1]}" if edit.source else ""
            ends += f" to {edit.destination[0]}:{edit.destination[1]}" if edit.destination else ""
            when = f"{abs(edit.delay_us)} microseconds {'before' if edit.delay_us < 0 else 'after'} it"
            at = f" at point {edit.point}" if edit.point else ""
            head = f"- a copy of {where}{ends}{at}, {when}"
            return [head, *(f"  - {_substitution_line(change)}" for change in edit.changes)]
        case Protect():
            return [f"- {where}: put into ESP, SPI {edit.spi}, ports {edit.ports[0]} to {edit.ports[1]}"]
        case Readdress():
            return [f"- {where}: address {edit.find} becomes {edit.replace}, in the IP header"]
        case Tunnel():
            ends = f"{edit.source[0]} to {edit.destination[0]}"
            when = f"{abs(edit.delay_us)} microseconds {'before' if edit.delay_us < 0 else 'after'} it"
            return [f"- a copy of {where} in GTP-U from {ends} at point {edit.point}, TEID {edit.teid:#010x}, {when}"]
        case AddDatagram():
            ends = f"{edit.source[0]}:{edit.source[1]} to {edit.destination[0]}:{edit.destination[1]}"
            when = f"{abs(edit.delay_us)} microseconds {'before' if edit.delay_us < 0 else 'after'} {where}"
            shown = edit.octets if len(edit.octets) <= 32 else f"{edit.octets[:32]}..."
            return [f"- a datagram from {ends} at point {edit.point}, {when}: `{shown}`"]
        case AddStream():
            ends = f"{edit.source[0]}:{edit.source[1]} to {edit.destination[0]}:{edit.destination[1]}"
            when = f"{edit.delay_us} microseconds after {where}"
            if edit.inside:
                what = f"{edit.packets} data packets of OpenVPN, as long as ones with RTP of {edit.octets} octets"
            else:
                what = f"{edit.packets} RTP packets of type {edit.payload_type}, SSRC {edit.ssrc:#010x}"
            return [f"- {what} from {ends} at point {edit.point}, codepoint {edit.dscp}, from {when} on"]
        case SetCodepoint():
            return [f"- {where}: codepoint {edit.dscp} in the IP header"]
        case ForgetPoint():
            return [f"- all packets of point {edit.point} and its interface taken out"]
