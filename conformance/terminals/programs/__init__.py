"""Terminals that we did not write: programs that register as child processes of the harness."""
