"""Reads captures into messages, and correlates them. Judging side: imports nothing that makes packets."""
