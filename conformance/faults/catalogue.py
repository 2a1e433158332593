"""The catalogue of faults of nodes and terminals: data in `catalogue.toml`, checked when it is read."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, model_validator

from conformance.vocabulary.errors import BadInput, HarnessFault
from conformance.vocabulary.federation import NodeKind
from conformance.vocabulary.roles import Role

TERMINAL = "terminal"
CriterionId = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,4}-[0-9]{2,3}$")]


class FaultKind(StrEnum):
    """Who shows the fault."""

    NODE = "node"
    TERMINAL = "terminal"


class Argument(StrEnum):
    """What stands behind the colon of a fault's name."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


class Service(StrEnum):
    """What the fault does to the user."""

    WORKS = "works"
    REFUSED = "refused"


class Scene(StrEnum):
    """What two terminals do in a call, or with presence, to show a fault."""

    TALK = "talk"
    """They are connected, hear each other, and the caller hangs up."""
    VIDEO = "video"
    """The same, with video beside audio."""
    ANONYMOUS = "anonymous"
    """The same, and the caller asks for privacy."""
    UNCONFIRMED = "unconfirmed"
    """Who is called waits in vain for a PRACK that fits; the caller gives up."""
    NOBODY = "nobody"
    """The caller calls somebody who does not exist."""
    NUMBER = "number"
    """The caller dials the telephone number of who is called, in vain."""
    NUMBER_OF_NOBODY = "number-of-nobody"
    """The caller dials a telephone number that nobody has."""

    PUBLISH = "publish"
    """A user publishes presence, refreshes, modifies and removes it."""
    RECALL = "recall"
    """A user refreshes what has been removed."""
    WATCH = "watch"
    """A user watches another one, who has allowed it, and is told of each change."""
    WAIT = "wait"
    """A watcher waits for the decision of the presentity, who is told of it."""
    BE_BLOCKED = "be-blocked"
    """A watcher is blocked by the rules."""
    THINK_OTHERWISE = "think-otherwise"
    """A watcher is blocked after he was allowed."""
    LISTEN_IN_VAIN = "listen-in-vain"
    """A watcher is told nothing, and gives up."""
    CLAIM_NOTHING = "claim-nothing"
    """Somebody with the address of the S-CSCF publishes, and asserts no identity."""
    COME_FROM_ELSEWHERE = "come-from-elsewhere"
    """Somebody publishes past the network, from the address of a terminal."""
    PUBLISH_BY_PROXY = "publish-by-proxy"
    """A user publishes by the SIP proxy, without IMS."""
    CLAIM_ANOTHER = "claim-another"
    """The same, and the terminal asserts to be somebody else."""
    GUESS = "guess"
    """Somebody publishes by the SIP proxy in the name of a user, whose password he does not know."""
    KEEP_DOCUMENTS = "keep-documents"
    """A user stores rules at the XDMS, changes, fetches and removes them."""
    BREAK_A_DOCUMENT = "break-a-document"
    """A user stores what is no XML."""
    OVERWRITE = "overwrite"
    """A user stores a document by an entity tag that it no longer has."""
    WRITE_FOR_ANOTHER = "write-for-another"
    """A user stores rules of another one."""


class Fault(BaseModel):
    """One fault."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{2,40}$")]
    kind: FaultKind
    applies_to: str
    """Kind of node (`s-cscf`), or `terminal`."""
    words: Annotated[str, StringConstraints(min_length=10, max_length=200)]
    expected: tuple[CriterionId, ...] = ()
    """Criteria that fail because of it, and no others. None: it is no deviation that a criterion forbids, but a
    situation in which the terminal is refused."""
    flow: Annotated[str, StringConstraints(pattern=r"^[a-z]+(-[a-z]+)*$")] = "registration-home"
    """The flow that shows it."""
    scene: Scene = Scene.TALK
    """Of a fault that a call or presence shows."""
    argument: Argument = Argument.NONE
    roaming: bool = False
    """It is seen where a subscriber registers from a visited network only."""
    strict: bool = False
    """It is shown to a core that is strict: a lenient one would deviate itself to bear with it."""
    numbers_ahead: bool = False
    """The terminal that shows it has accepted vectors which the HSS has forgotten."""
    shown_with: str = ""
    """The argument with which `netlab faults` shows it; {home}, {visited} and {visited_network_id} are filled in."""
    blamed: Role
    service: Service

    @model_validator(mode="after")
    def _kind_fits_what_it_applies_to(self) -> Fault:
        fitting = [TERMINAL] if self.kind is FaultKind.TERMINAL else [kind.value for kind in NodeKind]
        if self.applies_to not in fitting:
            raise ValueError(f"applies_to: expected one of {', '.join(fitting)}, found {self.applies_to}")
        return self

    @model_validator(mode="after")
    def _is_seen_by_somebody(self) -> Fault:
        if not self.expected and self.service is Service.WORKS:
            raise ValueError(
                "expected: a fault that the user does not notice breaks one criterion at least, found none"
            )
        return self


class Catalogue(BaseModel):
    """All faults by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fault: tuple[Fault, ...]

    @model_validator(mode="after")
    def _names_are_unique(self) -> Catalogue:
        names = [fault.name for fault in self.fault]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"expected each name once, found twice: {', '.join(twice)}")
        return self

    def get(self, name: str) -> Fault:
        """Return the fault of that name; an argument behind a colon is not part of it.

        Raises:
            BadInput: there is none.
        """
        for fault in self.fault:
            if fault.name == name.partition(":")[0]:
                return fault
        known = ", ".join(fault.name for fault in self.fault)
        raise BadInput(f"fault {name[:60]!r}: expected one of {known}")

    def of(self, applies_to: str) -> tuple[Fault, ...]:
        """Return the faults of one kind of node, or of `terminal`."""
        return tuple(fault for fault in self.fault if fault.applies_to == applies_to)

    def check(self, names: Iterable[str], applies_to: str) -> frozenset[str]:
        """Return the names as a set.

        Raises:
            BadInput: a name is unknown, or is no fault of `applies_to`.
        """
        chosen = frozenset(names)
        for name in sorted(chosen):
            fault = self.get(name)
            if fault.applies_to != applies_to:
                raise BadInput(f"fault {name}: expected at a {fault.applies_to}, found at a {applies_to}")
            argument = name.partition(":")[2]
            if fault.argument is Argument.REQUIRED and not argument:
                raise BadInput(
                    f"fault {name}: expected an argument as in {name.partition(':')[0]}:ARGUMENT, found none"
                )
            if fault.argument is Argument.NONE and ":" in name:
                raise BadInput(f"fault {name[:60]}: expected no argument, found {argument[:30]!r}")
        return chosen


def read_catalogue(text: str) -> Catalogue:
    """Read a catalogue from TOML.

    Raises:
        HarnessFault: it is no TOML, or a fault is not as `Fault` wants it.
    """
    try:
        return Catalogue.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        first = " ".join(str(error).split())[:300]
        raise HarnessFault(f"conformance/faults/catalogue.toml: expected a valid catalogue, found: {first}") from None


@cache
def load_catalogue() -> Catalogue:
    """Return the project's own catalogue."""
    return read_catalogue(files("conformance.faults").joinpath("catalogue.toml").read_text(encoding="utf-8"))
