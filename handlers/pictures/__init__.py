"""The board as a picture for a phone.

`poster` says what is on it, and `stairs` what is on that of a campaign's steps, in plain values made of nothing but
the board. `drawing` puts either on paper, in a process of its own: see handlers.sandboxed.sandbox_client.
"""
