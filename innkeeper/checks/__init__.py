"""Looks at a running platform from outside and says what it finds."""
