"""What stands before a decision or an answer: another bot on the token, holds, readiness, rate limits."""
