"""What every chat platform needs: order, rate limits, supervision, uploads, checks."""
