"""Discord: translates what arrives there into what the conversation understands, and its answers back."""
