"""The embedded platform: every process of the inn on one machine, without Docker and without root."""
