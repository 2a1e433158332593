"""Codecs and state machines of the driving side: no sockets, no clocks, no files."""
