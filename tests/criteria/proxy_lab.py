"""Puts a SIP proxy between a terminal and its P-CSCF, into messages that were typed by hand."""

from __future__ import annotations

import re
from dataclasses import replace

from conformance.vocabulary.identifiers import Endpoint
from tests.criteria.registration_lab import Entry, Lab

_VIA = re.compile(r"(?:Via|v): .*?\r\n")
_RPORT = re.compile(r";rport(?=[;\r])")
_FORWARDS = re.compile(r"Max-Forwards: (\d+)")


def by_proxy(lab: Lab, proxy: Endpoint, ue: str, path: str = "") -> None:
    """Let what a terminal sends pass a proxy, and the answers to it; what others send it is as before.

    What the proxy sends, and gets, has the key of the original message behind an x.

    Args:
        lab: Gets the messages of the proxy.
        proxy: Where it is.
        ue: Address of the terminal.
        path: Line with which the proxy adds a Path of its own to REGISTERs; it has to stand in the answers as well.
    """
    entries: list[Entry] = []
    for entry in lab.entries:
        vias = _VIA.findall(entry.sip)
        if not vias or f" {ue}:" not in vias[-1]:
            entries.append(entry)
            continue
        lowest = vias[-1]
        branch = lowest.partition("branch=")[2].partition(";")[0].strip()
        place = f"{proxy.address}:{proxy.port}"
        noted = lowest if ";received=" in lowest else lowest.replace("\r\n", f";received={ue}\r\n")
        noted = _RPORT.sub(f";rport={entry.source.port}", noted)
        sip = entry.sip.replace(lowest, f"Via: SIP/2.0/UDP {place};branch={branch}x\r\n{noted}")
        sip = _FORWARDS.sub(lambda found: f"Max-Forwards: {int(found[1]) - 1}", sip)
        register = path and "REGISTER sip:" in entry.sip
        if register and len(vias) == 1:
            sip = sip.replace("Content-Length", f"{path}Content-Length")
        elif path and "Path: " in sip:
            own = next(line for line in sip.split("\r\n") if line.startswith("Path: "))
            sip = sip.replace(own, f"{own}\r\n{path.strip()}")
        beside = replace(entry, key=f"x{entry.key}", sip=sip)
        if len(vias) > 1:
            entries.append(replace(entry, sip=sip))
        elif entry.source.address == ue:
            entries += [replace(entry, destination=proxy), replace(beside, source=proxy)]
        else:
            entries += [replace(beside, destination=proxy), replace(entry, source=proxy)]
    lab.entries = entries
