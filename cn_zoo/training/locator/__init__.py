"""Training the hand locator."""
