"""Faults: ways in which nodes, terminals and captures are altered, as data and byte changes. Nothing here judges."""
