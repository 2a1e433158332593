"""The ladder of a procedure as an SVG file that stands alone: for viewers that have neither our page nor its style."""

from __future__ import annotations

from markupsafe import Markup

from conformance.report.environment import asset, environment
from conformance.report.ladder import draw
from conformance.vocabulary.results import ProcedureResult

_COLOURS = (
    ".arrows{--fg:#1c2430;--bg:#fff;--muted:#5b6675;--line:#d5dbe3;--fail:#b3261e;--inconclusive:#8a5a00;"
    "--accent:#1a56a8;--mark:#ffe08a;background:#fff}"
)


def ladder_svg(procedure: ProcedureResult) -> str:
    """Draw the messages of a procedure; well-formed XML without script and without anything from elsewhere."""
    module = environment().get_template("ladder.svg.j2").module
    drawing = str(module.ladder_svg(draw(procedure))).strip()  # type: ignore[attr-defined]  # a macro
    head, _, body = drawing.partition(">")
    namespace = "" if "xmlns=" in head else ' xmlns="http://www.w3.org/2000/svg"'
    return f"{head}{namespace}><style>{_style()}</style>{body}"


def _style() -> Markup:
    """The rules of the page that speak of ladders, with the colours of its light form."""
    rules = [line for line in asset("cell.css").splitlines() if line.startswith(".arrows")]
    return Markup(_COLOURS + "\n" + "\n".join(rules))  # noqa: S704 - our own file
