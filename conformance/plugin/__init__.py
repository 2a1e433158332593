"""The pytest plugin: options, cells as parameters, verdicts as outcomes.

A test case is a function that takes `cell` and carries the marker `flow`:

    @pytest.mark.registration
    @pytest.mark.flow("registration-home", credentials="aka")
    def test_registration(cell: Cell) -> None:
        cell.terminal().register()

When the function returns, the cell's capture is closed and judged, and pytest is told what the verdict pair
means. Nothing happens in runs without such test cases.

Each module has the hooks of one part of a session; they stand in the order in which they are at work.
"""

pytest_plugins = (
    "conformance.plugin.setup",
    "conformance.plugin.collection",
    "conformance.plugin.session",
    "conformance.plugin.cells",
    "conformance.plugin.outcomes",
)
