"""Documents of the presence service: PIDF, authorisation rules, watcher information, resource lists. No I/O."""
