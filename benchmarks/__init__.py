"""What the harness costs, measured beside the tools that people know. `RESULTS.md` keeps the figures."""
