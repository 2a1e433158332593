"""The words of the project as types: what the driving side and the judging side may both import.

No input or output, no parser and no builder lives here.
"""
