"""Lets `python -m handlers` do what `allout` does."""

from handlers.cli import main

main()
