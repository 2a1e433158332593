"""Shows results to people and to other tools. Reads results; never reads packets again."""
