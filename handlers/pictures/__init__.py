"""The board as a picture for a phone.

`poster` says what is on it, in plain values made of nothing but the board. `drawing` puts it on paper, in a process of
its own: see handlers.sandboxed.sandbox_client.
"""
