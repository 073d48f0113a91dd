"""From an order to its trades: checks, admission, matching, and what orders do to each other."""
