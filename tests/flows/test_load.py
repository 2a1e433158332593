"""Flows come from files that are checked."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.flows import list_flows, load_flow
from conformance.flows.load import parse_flow
from conformance.vocabulary.errors import BadInput, HarnessFault

FLOW = """
id = "x"
title = "X"
source = "nowhere"
roles = ["ue", "home-pcscf"]
[[alternatives]]
id = "aka"
title = "AKA"
[[steps]]
id = "one"
from = "ue"
to = "home-pcscf"
protocol = "SIP"
point = "Gm"
request = ["REGISTER"]
"""
STEP = """
[[steps]]
id = "two"
from = "ue"
to = "home-pcscf"
protocol = "SIP"
point = "Gm"
request = ["REGISTER"]
"""


def test_all_flows_load() -> None:
    assert "registration-home" in [flow.id for flow in list_flows()]


def test_an_unknown_flow_names_those_that_there_are() -> None:
    with pytest.raises(BadInput, match=r"'nothing'.*registration-home"):
        load_flow("nothing")


def test_a_flow_of_one_step() -> None:
    assert parse_flow(FLOW, "x.toml").step("one").label == "REGISTER"
    with pytest.raises(KeyError):
        parse_flow(FLOW, "x.toml").step("two")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("= 1", "no TOML"),
        (FLOW.replace('"X"', "1"), "title"),
        (FLOW.replace('"ue", "home-pcscf"]', '"ue", "home-hss"]'), "home-pcscf"),
        (FLOW + 'after = ["two"]', "'two'"),
        (FLOW + 'inside = "one"', "'one'"),
        (FLOW + STEP.replace("two", "one"), "two steps"),
        (FLOW + 'only = ["md5"]', "alternative 'md5'"),
        (FLOW + 'colour = "red"', "colour"),
        (FLOW.replace('id = "x"', 'id = "y"'), "name of the file"),
    ],
)
def test_mistakes_give_one_line(text: Any, words: Any) -> None:
    with pytest.raises(HarnessFault) as error:
        parse_flow(text, "x.toml")
    assert words in str(error.value)
    assert str(error.value).startswith("x.toml: ")
    assert "\n" not in str(error.value)


BASE = FLOW.replace('id = "x"', 'id = "base"') + STEP
CHILD = """
id = "child"
title = "Child"
source = "nowhere"
extends = "base"
"""


def child(text: str) -> Any:
    return parse_flow(CHILD + text, "child.toml", {"base": BASE}.__getitem__)


def test_a_flow_that_builds_on_another() -> None:
    flow = child('[change.two]\nresponse = ["403"]\n' + STEP.replace("two", "three") + 'before = "two"')
    assert [step.id for step in flow.steps] == ["one", "three", "two"]
    assert (flow.title, flow.step("two").response, flow.step("one").response) == ("Child", ("403",), ())


def test_a_flow_at_the_visited_access_point() -> None:
    flow = child("visited = true")
    assert [role.value for role in flow.roles] == ["ue", "visited-pcscf", "visited-dns"]
    assert {step.destination.value for step in flow.steps} == {"visited-pcscf"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[change.nine]\noptional = true", "change.nine: base has no such step"),
        (STEP.replace("two", "three") + 'before = "nine"', "'nine'"),
    ],
)
def test_mistakes_of_a_flow_that_builds_on_another(text: Any, words: Any) -> None:
    with pytest.raises(HarnessFault) as error:
        child(text)
    assert words in str(error.value)


def test_a_flow_that_builds_on_nothing() -> None:
    with pytest.raises(HarnessFault, match="extends"):
        parse_flow(CHILD, "child.toml")
