"""The command line: the one place that sees all packages."""
