"""The program: what `allout` and `python -m handlers` start."""

from bot.process.garbage_collection import uncollected

with uncollected():
    from handlers.cli import main

if __name__ == "__main__":
    main()
