"""The gate: the ForwardAuth endpoint that Traefik asks about every request. Parse, read, decide, answer."""
