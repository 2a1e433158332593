"""SIP of the driving side: transactions, message helpers and framing, without input or output."""
