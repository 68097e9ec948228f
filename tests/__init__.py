"""Tests of the inn."""
