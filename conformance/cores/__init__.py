"""The software that plays a testbed."""
