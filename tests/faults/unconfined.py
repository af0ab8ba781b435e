"""The same as taken_over, on a system that cannot keep a child from anything."""

from __future__ import annotations

from tests.faults.taken_over import serve

if __name__ == "__main__":
    serve(confined=False)
