"""What the auth manager and the deployer say to each other: the bottom layer of both."""
