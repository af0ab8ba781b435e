"""The people-facing side: words, commands, platforms."""
