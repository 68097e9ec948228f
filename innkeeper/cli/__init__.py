"""The command line: `innkeeper`."""
