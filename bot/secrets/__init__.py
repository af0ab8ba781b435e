"""What must stay secret and what is made of it: keys and their file, card codes, references, sealed backups."""
