"""What an operator does at an HSS, over its control channel: end a registration, look at its state, force a result."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from conformance.cores.emulated import control
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.numbers import DeregistrationReasonCode, DiameterCommand, DiameterResult


class HssChannel:
    """The control channel of one HSS.

    Args:
        name: of the node, for complaints: `uc3m/hss`.
        path: its socket.
    """

    def __init__(self, name: str, path: Path) -> None:
        self._name, self._path = name, path

    def end_registration(
        self,
        impi: str,
        reason: DeregistrationReasonCode = DeregistrationReasonCode.PERMANENT_TERMINATION,
        info: str = "",
    ) -> None:
        """Let the HSS end a registration: it sends RTR to the S-CSCF; return when RTA has come.

        Args:
            impi: private user identity.
            reason: PERMANENT_TERMINATION ends with the contact event `rejected`, the others with `deactivated`.
            info: words for the user, as the operator would give them.

        Raises:
            TestbedDown: the HSS or the S-CSCF does not answer, or the subscriber is not registered.
        """
        wish = {"impi": impi, "reason": int(reason), **({"info": info} if info else {})}
        answer = self._ask({"rtr": wish}, f"RTR for {impi}")
        if answer.get("result") != DiameterResult.SUCCESS:
            raise TestbedDown(f"{self._name}: RTR for {impi}: expected RTA 2001, found {answer.get('result')}")

    def force(self, command: DiameterCommand, result: int, *, experimental: bool = False, times: int = 1) -> None:
        """Let the HSS answer the next requests of a command with a result code, whatever they ask.

        Args:
            command: for example USER_AUTHORIZATION.
            result: of Result-Code, or of Experimental-Result-Code of 3GPP.
            experimental: which of the two.
            times: so many requests; 0: none any more.

        Raises:
            TestbedDown: the HSS does not answer.
        """
        wish = {"command": int(command), "result": result, "experimental": experimental, "times": times}
        self._ask({"force": wish}, "forced result")

    def forget(self, impis: Iterable[str]) -> None:
        """Let the HSS forget what is left of registrations that were not accepted: the S-CSCF that tried.

        Args:
            impis: private user identities; of those who are registered nothing is forgotten.

        Raises:
            TestbedDown: the HSS does not answer.
        """
        self._ask({"forget": sorted(impis)}, "what is left of refused registrations")

    def state(self) -> list[dict[str, Any]]:
        """Return what the HSS knows of its subscribers, without a secret.

        Returns:
            For each `impi`, `impus`, `state`, `pending`, `server_name`.

        Raises:
            TestbedDown: the HSS does not answer.
        """
        return list(self._ask({"state": True}, "state")["subscribers"])

    def missing(self, hosts: Iterable[str]) -> list[str]:
        """Return which of these CSCFs have no connection to the HSS; whoever comes within some seconds has one.

        Args:
            hosts: their full host names.

        Raises:
            TestbedDown: the HSS does not answer.
        """
        return list(self._ask({"await": sorted(hosts)}, "connections")["missing"])

    def _ask(self, command: Mapping[str, Any], what: str) -> dict[str, Any]:
        answer = asyncio.run(control.ask(self._path, command))
        if "error" in answer:
            raise TestbedDown(f"{self._name}: {what}: {answer['error']}")
        return answer
