"""Terminals that the harness drives, and their procedures."""
