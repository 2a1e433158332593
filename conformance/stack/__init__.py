"""Thin asyncio shells (sockets and clocks) around the state machines of `protocols`."""
