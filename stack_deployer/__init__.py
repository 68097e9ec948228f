"""Builds, runs and removes the stacks, and publishes the way to them."""
