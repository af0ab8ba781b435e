"""The console: a chat platform with no network."""
