"""Guards the doors: users, sessions, the gate that Traefik asks, the portal that people see."""
