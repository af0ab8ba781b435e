"""Measurements that anyone can repeat: `python -m bench pledges`, `python -m bench tally`."""
