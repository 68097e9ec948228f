"""What runs inside a stack; imports nothing of the platform."""
