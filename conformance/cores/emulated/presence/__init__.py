"""The parts of the emulated presence server."""
