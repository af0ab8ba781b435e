"""What can be done, by who does it."""
