"""What only SQLite promises, being one file of one process."""
