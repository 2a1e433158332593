"""Responses of old terminals verify in the form in which they were computed, and what is wrong with them is named.

The responses are computed here word by word from RFC 2617 3.2.2, by hashlib, or by aiohttp.
"""

from __future__ import annotations

import asyncio
import re
from hashlib import md5
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import DigestAuthMiddleware
from aiohttp.payload import BytesPayload
from multidict import CIMultiDict
from yarl import URL

from conformance.criteria.digest import ha1, response

WHO = b"alice@uc3m.test:uc3m.test:"
URI = "sip:uc3m.test"
OTHER_URI = "sip:uc3m.test:4060;transport=UDP"
BODY = "<as-xml/>"
COUNTED = ":00000001:0a4f113b:"


def h(text: bytes | str) -> str:
    return md5(text if isinstance(text, bytes) else text.encode(), usedforsecurity=False).hexdigest()


class Terminal:
    """The registration of a lab, with AKA or MD5, whose terminal answers as it is told."""

    def __init__(self, lab: Any, criterion: str, secret: bytes) -> None:
        self.lab, self.criterion, self.secret = lab, criterion, h(WHO + secret)
        sent = lab["gm2"].sip
        self.nonce = sent.partition('nonce="')[2].partition('"')[0]
        self.as_it_was = sent.partition('response="')[2][:32]

    def offers(self, qop: str | None) -> Terminal:
        self.lab.edit("s401 i401 g401", ', qop="auth"', f', qop="{qop}"' if qop else "")
        return self

    def writes(self, old: str, new: str) -> Terminal:
        self.lab.edit("gm2 p2 i2", old, new)
        return self

    def has_body(self) -> Terminal:
        for key in ("gm2", "p2", "i2"):
            entry = self.lab[key]
            head = re.sub("Content-Length: [0-9]+\r\n", "", entry.sip.partition("\r\n\r\n")[0] + "\r\n")
            entry.sip = f"{head}Content-Type: text/xml\r\nContent-Length: {len(BODY)}\r\n\r\n{BODY}"
        return self

    def answers(self, between: str, a2: str) -> Terminal:
        """Send the hash of H(A1), the nonce, what stands between, and H(A2)."""
        return self.writes(self.as_it_was, h(f"{self.secret}:{self.nonce}{between}{h(a2)}"))

    @property
    def result(self) -> Any:
        return self.lab.result(self.criterion)


@pytest.fixture(params=["AKAv1-MD5", "MD5"])
def terminal(request: pytest.FixtureRequest, lab: Any, md5_lab: Any) -> Terminal:
    if request.param == "MD5":
        return Terminal(md5_lab, "REG-35", b"Circle Of Life")
    return Terminal(lab, "REG-34", lab.xres)


def test_auth_int_is_chosen_of_two_and_hashes_the_body(terminal: Terminal) -> None:
    terminal.offers("auth,auth-int").has_body().writes("qop=auth", "qop=auth-int")
    terminal.answers(f"{COUNTED}auth-int:", f"REGISTER:{URI}:{h(BODY)}")
    assert (terminal.result.verdict, terminal.lab.failing()) == ("PASS", [])


def test_auth_int_without_a_body_hashes_nothing(terminal: Terminal) -> None:
    terminal.offers("auth,auth-int").writes("qop=auth", "qop=auth-int")
    terminal.answers(f"{COUNTED}auth-int:", f"REGISTER:{URI}:{h('')}")
    assert (terminal.result.verdict, terminal.lab.failing()) == ("PASS", [])


def test_a_hash_of_another_body_is_another_response(terminal: Terminal) -> None:
    terminal.offers("auth,auth-int").has_body().writes("qop=auth", "qop=auth-int")
    terminal.answers(f"{COUNTED}auth-int:", f"REGISTER:{URI}:{h('another')}")
    assert terminal.result.verdict == "FAIL"
    assert "valid only" not in terminal.result.found


@pytest.mark.parametrize("body", ["", BODY])
def test_auth_int_where_nobody_speaks_of_qop_is_named(terminal: Terminal, body: str) -> None:
    terminal.offers(None).writes(', qop=auth, nc=00000001, cnonce="0a4f113b"', "")
    if body:
        terminal.has_body()
    terminal.answers(":", f"REGISTER:{URI}:{h(body)}")
    assert terminal.lab.failing() == [terminal.criterion]
    said = "the response is valid only as auth-int: the challenge has no qop, the credentials have no qop"
    assert said in terminal.result.found


def test_without_qop_the_form_of_rfc_2069_verifies(terminal: Terminal) -> None:
    terminal.offers(None).writes(', qop=auth, nc=00000001, cnonce="0a4f113b"', "")
    terminal.answers(":", f"REGISTER:{URI}")
    assert (terminal.result.verdict, terminal.lab.failing()) == ("PASS", [])


def test_auth_int_that_is_written_though_no_qop_was_offered_is_a_fault_of_the_parameters(terminal: Terminal) -> None:
    terminal.offers(None).writes("qop=auth", "qop=auth-int")
    terminal.answers(f"{COUNTED}auth-int:", f"REGISTER:{URI}:{h('')}")
    assert terminal.lab.failing() == ["REG-10"]
    found = terminal.lab.result("REG-10").found
    assert found == "qop=auth-int and nc and cnonce, but the challenge has no qop"
    assert terminal.result.verdict == "PASS"


@pytest.mark.parametrize(
    ("written", "between", "a2", "form"),
    [
        ("auth", f"{COUNTED}auth:", f"REGISTER:{URI}:{h('')}", "auth-int"),
        ("auth", f"{COUNTED}auth-int:", f"REGISTER:{URI}:{h('')}", "auth-int"),
        ("auth-int", f"{COUNTED}auth:", f"REGISTER:{URI}", "auth"),
        ("auth-int", f"{COUNTED}auth-int:", f"REGISTER:{URI}", "auth-int without the body"),
        ("auth", ":", f"REGISTER:{URI}", "the form without qop"),
    ],
)
def test_another_form_than_the_written_one_is_named(
    terminal: Terminal, written: str, between: str, a2: str, form: str
) -> None:
    terminal.offers("auth,auth-int").writes("qop=auth", f"qop={written}").answers(between, a2)
    assert terminal.lab.failing() == [terminal.criterion]
    said = f"valid only as {form}: the challenge has qop=auth,auth-int, the credentials have qop={written}"
    assert said in terminal.result.found


def test_the_uri_of_the_header_is_hashed_whatever_the_request_uri_is(terminal: Terminal) -> None:
    terminal.writes(f'uri="{URI}"', f'uri="{OTHER_URI}"').answers(f"{COUNTED}auth:", f"REGISTER:{OTHER_URI}")
    assert terminal.result.verdict == "PASS"
    assert terminal.lab.failing() == ["REG-08"]


def test_a_hash_of_the_request_uri_is_named_where_the_header_has_another(terminal: Terminal) -> None:
    terminal.writes(f'uri="{URI}"', f'uri="{OTHER_URI}"').answers(f"{COUNTED}auth:", f"REGISTER:{URI}")
    assert f'valid only with uri="{URI}", the Request-URI' in terminal.result.found


def test_of_several_authorization_headers_the_one_of_the_realm_is_taken(terminal: Terminal) -> None:
    stale = (
        'Authorization: Digest username="alice@elsewhere.test",realm="elsewhere.test",nonce="",'
        f'uri="{URI}",response="{"0" * 32}"\r\n'
    )
    terminal.writes("Authorization:", stale + "Authorization:")
    assert terminal.result.verdict == "PASS"
    assert terminal.criterion not in terminal.lab.failing()


def test_another_password_verifies_in_no_form(terminal: Terminal) -> None:
    terminal.writes(terminal.as_it_was, "0" * 32)
    assert terminal.result.verdict == "FAIL"
    assert "valid only" not in terminal.result.found


@pytest.mark.parametrize(("offered", "chosen"), [("auth", "auth"), ("auth,auth-int", "auth-int"), (None, None)])
@pytest.mark.parametrize("body", [b"", b"<presence/>"])
def test_what_aiohttp_computes_is_what_we_compute(offered: str | None, chosen: str | None, body: bytes) -> None:
    qop = f', qop="{offered}"' if offered else ""
    challenge = f'Digest realm="uc3m.test", nonce="dcd98b71"{qop}, algorithm=MD5'
    url = URL("http://xcap.uc3m.test/pidf/users/alice")
    request = SimpleNamespace(method="PUT", url=url, headers=CIMultiDict(), body=BytesPayload(body) if body else b"")

    async def answer(asked: Any) -> Any:
        refused = "Authorization" not in asked.headers
        headers = {"www-authenticate": challenge} if refused else {}
        return SimpleNamespace(status=401 if refused else 200, headers=headers, url=url)

    asyncio.run(DigestAuthMiddleware("alice@uc3m.test", "Circle Of Life")(request, answer))  # type: ignore[arg-type]
    sent = dict(re.findall(r'(\w+)="?([^",]*)', request.headers["Authorization"].removeprefix("Digest ")))
    assert sent.get("qop") == chosen
    assert sent["response"] == response(
        ha1("alice@uc3m.test", "uc3m.test", b"Circle Of Life"),
        nonce=sent["nonce"],
        method="PUT",
        uri=sent["uri"],
        qop=sent.get("qop"),
        nc=sent.get("nc", ""),
        cnonce=sent.get("cnonce", ""),
        body=body,
    )
