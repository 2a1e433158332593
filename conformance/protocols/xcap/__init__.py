"""XCAP (RFC 4825): addresses of resources, selectors of nodes, edits of documents, errors; no I/O."""
