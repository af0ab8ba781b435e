"""Tries to break each promise of docs/promises.md: some two hundred times in every run, the full count in a soak."""
