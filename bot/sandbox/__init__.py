"""Processes that hold no key: what is fed with other people's files and texts runs in them, and in nothing else.

`pool` starts and ends them and hands them work; `worker` is what runs in them; `confinement` is what they give up
before they see any of it; `plain` is how nouns travel there and back.
"""
