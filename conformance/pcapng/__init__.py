"""The pcapng container, for whoever writes or reads captures: blocks and options, nothing of what packets carry."""
