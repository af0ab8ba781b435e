"""Plain Python: no clock, network, database or randomness."""
