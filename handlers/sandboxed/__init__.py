"""What is fed with other people's files and words, in processes that hold no key.

`sandbox_client` asks for it; `orders` is what is asked and answered; each of the others is executed, and nothing else
may import what it does.
"""
