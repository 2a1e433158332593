"""netlab-conformance: proves, cell by cell, that joined IMS testbeds interoperate and conform."""

__version__ = "0.1.0"
