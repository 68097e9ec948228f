"""Templates: `stack.yml` and the Compose file as Jinja2, rendered and held against the policy."""
