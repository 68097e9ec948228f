"""Publishing: what the gate and Traefik are told of the stacks. Copies, made again whenever they may be wrong."""
