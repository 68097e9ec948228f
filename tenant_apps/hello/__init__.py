"""A small app for trying a stack: it greets its user and shows everything that reached it."""
