"""What can go wrong between two nodes; the node that catches it turns it into an answer of its own.

StackError
├── TransactionTimeout   no final answer within 64*T1 (RFC 3261 8.1.3.1: to be treated as 408)
├── TransportFailed      the transport refused or lost the message (to be treated as 503)
└── LocationFailed       DNS gave no place to send to (RFC 3263)
"""

from __future__ import annotations


class StackError(Exception):
    """Base of the errors below; the text is one line."""


class TransactionTimeout(StackError):
    """No final response came in time."""


class TransportFailed(StackError):
    """The connection was refused, reset or closed, or the stack was stopped."""


class LocationFailed(StackError):
    """No server could be found for a URI."""
