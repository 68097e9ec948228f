"""The worker: the process that owns the engine."""
