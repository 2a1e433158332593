"""The commands of `netlab`, one file each. Each has `add(subparsers)` and `execute(arguments) -> int`."""
