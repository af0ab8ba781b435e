"""What only PostgreSQL promises, being shared by processes."""
