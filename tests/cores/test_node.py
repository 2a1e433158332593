import asyncio
import inspect
import logging
import os
import signal
from pathlib import Path

import pytest

from conformance.cores.emulated.node import NODE_MODULES, NodeContext, node_main, run_node
from conformance.federation import default_federation_path, load_federation
from conformance.vocabulary.errors import Exit, HarnessFault, TestbedDown
from conformance.vocabulary.federation import NodeKind


@pytest.fixture
def context() -> NodeContext:
    federation = load_federation(default_federation_path())
    return NodeContext(
        federation=federation,
        testbed=federation.testbeds["uc3m"],
        kind=NodeKind.SCSCF,
        folder=Path(),
        log=logging.getLogger("uc3m/s-cscf"),
        faults=frozenset({"wrong-nonce", "forgets-zone:stuba", "forgets-zone:octopus"}),
        ready=lambda: None,
    )


def test_a_node_knows_its_place(context: NodeContext) -> None:
    assert context.name == "uc3m/s-cscf"
    assert context.fqdn == "scscf.uc3m.netlab.test"
    assert context.node.port == 6060


def test_arguments_of_a_fault_stand_behind_the_colon(context: NodeContext) -> None:
    assert context.fault_arguments("forgets-zone") == {"stuba", "octopus"}
    assert context.fault_arguments("wrong-nonce") == frozenset()


@pytest.mark.parametrize("kind", NodeKind)
def test_every_kind_has_a_module_with_run(kind: NodeKind) -> None:
    assert inspect.iscoroutinefunction(node_main(NODE_MODULES[kind]))


@pytest.mark.parametrize("module", ["conformance.cores.emulated.nowhere", "conformance.vocabulary.verdicts"])
def test_a_module_that_is_no_node_is_our_fault(module: str) -> None:
    with pytest.raises(HarnessFault, match=module):
        node_main(module)


def test_sigterm_ends_a_node_in_order(context: NodeContext) -> None:
    closed = []

    async def serve(context: NodeContext) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        try:
            await asyncio.Event().wait()
        finally:
            closed.append(context.name)

    assert run_node(serve, context) == 0
    assert closed == ["uc3m/s-cscf"]


def test_an_error_for_a_person_is_one_line_of_the_log(context: NodeContext, caplog: pytest.LogCaptureFixture) -> None:
    async def fail(context: NodeContext) -> None:
        raise TestbedDown("port in use")

    assert run_node(fail, context) == Exit.BROKEN
    assert [record.getMessage() for record in caplog.records] == ["port in use"]
    assert caplog.records[0].exc_info is None


def test_our_own_bug_keeps_its_traceback(context: NodeContext, caplog: pytest.LogCaptureFixture) -> None:
    async def fail(context: NodeContext) -> None:
        raise KeyError("bug")

    assert run_node(fail, context) == Exit.BROKEN
    assert caplog.records[0].exc_info is not None


def test_a_node_that_returns_is_an_error(context: NodeContext, caplog: pytest.LogCaptureFixture) -> None:
    async def leave(context: NodeContext) -> None: ...

    assert run_node(leave, context) == Exit.BROKEN
    assert "expected that it serves" in caplog.text
