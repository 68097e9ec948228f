"""What runs stacks: one Protocol, an engine a way of running."""
