"""What a machine allows of a lab, and what to do about the rest."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.fabric import probe
from conformance.fabric.netns import named
from conformance.fabric.probe import kernel_abilities, lab_abilities, why_no_lab
from conformance.vocabulary.errors import NotPermitted

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="what root finds is tried as root")


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    before = {name for name in named() if name.endswith("-probe")}
    yield
    assert {name for name in named() if name.endswith("-probe")} <= before


def found(name: str) -> probe.Ability:
    return next(ability for ability in (*lab_abilities(), *kernel_abilities()) if ability.what.startswith(name))


@pytest.mark.usefixtures("allowed")
def test_a_machine_that_allows_a_lab_lacks_nothing() -> None:
    assert [ability.what for ability in lab_abilities() if ability.there] == [
        "root",
        "/dev/net/tun",
        "network namespaces",
        "openvpn",
    ]


def test_who_is_not_root_is_told_that_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert [(ability.what, ability.there) for ability in lab_abilities()] == [("root", False)]
    assert why_no_lab() == "root: user id 1000; run as root"


@AS_ROOT
def test_a_missing_device(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(probe, "TUN_DEVICE", tmp_path / "tun")
    assert why_no_lab().startswith(f"{tmp_path}/tun: No such file or directory; load the module tun")


@AS_ROOT
def test_a_machine_without_the_right_to_make_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> str:
        raise NotPermitted("network namespace nl-1234-probe: Operation not permitted; run as root")

    monkeypatch.setattr("conformance.fabric.registry.claim", refuse)
    ability = found("network namespaces")
    assert ability.found == "network namespace nl-1234-probe: Operation not permitted"
    assert "CAP_SYS_ADMIN" in ability.remedy
    assert list(kernel_abilities()) == []


@AS_ROOT
def test_missing_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    assert "apt-get install --no-install-recommends openvpn" in found("openvpn").remedy


@pytest.mark.usefixtures("allowed")
def test_the_kernel_is_asked_and_its_own_words_are_kept() -> None:
    abilities = list(kernel_abilities())
    assert [ability.what.split()[0] for ability in abilities] == ["ESP", "netem", "SCTP"]
    for ability in abilities:
        assert ability.found
        assert ability.there == (ability.found == "yes")
        assert "\n" not in ability.found + ability.remedy


@pytest.mark.usefixtures("allowed")
def test_a_kernel_that_has_it_and_one_that_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "_NETEM", "tc qdisc add dev lo root pfifo")
    assert found("netem").there
    monkeypatch.setattr(probe, "_NETEM", "tc qdisc add dev lo root no-such-kind")
    assert not found("netem").there
    assert "CONFIG_NET_SCH_NETEM" in found("netem").remedy


@pytest.mark.usefixtures("allowed")
def test_without_iproute2_nothing_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    assert (found("ESP").there, found("ESP").found) == (False, "not tried: the program ip is missing")
