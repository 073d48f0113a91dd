"""What the exchange holds: books, ledgers, markets, marks; read, valued, and kept as bytes."""
