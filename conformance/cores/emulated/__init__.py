"""The emulated core: separate server processes that speak standard encodings on addresses of their own."""
