"""Only P-Asserted-Identity of a trusted node says who somebody is; everything else is refused and recorded."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from tests.cores.presence.lab import ALICE, BOB, Lab, pidf

KIND = "Content-Type: application/pidf+xml"


@pytest.mark.parametrize("method", ["PUBLISH", "SUBSCRIBE"])
@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("P-Asserted-Identity:", "no P-Asserted-Identity"),
        ("P-Asserted-Identity: <sip:mallory@uc3m.netlab.test>", "is not From"),
    ],
)
def test_without_the_right_identity(
    in_lab: Callable[..., None], caplog: pytest.LogCaptureFixture, method: str, line: str, why: str
) -> None:
    async def story(lab: Lab) -> None:
        assert (await lab.send(lab.message(method, ALICE, ALICE, KIND, line, body=pidf()))).code == 403

    with caplog.at_level(logging.WARNING):
        in_lab(story)
    assert why in caplog.text


@pytest.mark.parametrize("method", ["PUBLISH", "SUBSCRIBE"])
def test_from_elsewhere(in_lab: Callable[..., None], caplog: pytest.LogCaptureFixture, method: str) -> None:
    async def story(lab: Lab) -> None:
        stranger = await lab.scene.terminal()
        request = lab.message(method, ALICE, ALICE, KIND, body=pidf())
        assert (await lab.send(request, stranger)).code == 403

    with caplog.at_level(logging.WARNING):
        in_lab(story)
    assert "the source is no trusted node" in caplog.text


def test_an_identity_that_no_document_can_name(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        assert (await lab.send(lab.message("SUBSCRIBE", ALICE, "sip:b\x01b@stuba.netlab.test"))).code == 400

    in_lab(story, xdms=False)


def test_several_identities_of_one_user(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        line = f"P-Asserted-Identity: <{ALICE};user=phone>, <tel:+34911110001>"
        assert (await lab.send(lab.message("PUBLISH", ALICE, ALICE, KIND, line, body=pidf()))).code == 200

    in_lab(story)


def test_a_dialog_stays_with_who_began_it(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        watcher = await lab.subscribe()
        assert (await lab.again(watcher, 600)).code == 200
        assert (await lab.again(watcher, 600, f"P-Asserted-Identity: <{BOB}>")).code == 200
        assert (await lab.again(watcher, 600, "P-Asserted-Identity: <sip:mallory@stuba.netlab.test>")).code == 403

    in_lab(story, xdms=False)


def test_a_server_that_trusts_an_address(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        for line in ("P-Asserted-Identity:", "P-Asserted-Identity: <sip:mallory@uc3m.netlab.test>"):
            assert (await lab.send(lab.message("PUBLISH", ALICE, ALICE, KIND, line, body=pidf()))).code == 200
        stranger = await lab.scene.terminal()
        assert (await lab.send(lab.message("PUBLISH", ALICE, ALICE, KIND, body=pidf()), stranger)).code == 403

    in_lab(story, "trusts-address")


def test_a_server_that_trusts_everybody(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        stranger = await lab.scene.terminal()
        assert (await lab.send(lab.message("PUBLISH", ALICE, ALICE, KIND, body=pidf()), stranger)).code == 200

    in_lab(story, "trusts-everybody")
