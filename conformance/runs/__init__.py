"""A run: testbeds that are up, cells that are driven, captured and judged, and the folder that outlives them.

The one room that joins the driving side and the judging side; neither of them imports it.
"""
