"""Expected flows: data, one TOML file a procedure, and how they are drawn."""

from conformance.flows.draw import draw
from conformance.flows.load import list_flows, load_flow
from conformance.flows.model import Flow, Step

__all__ = ["Flow", "Step", "draw", "list_flows", "load_flow"]
