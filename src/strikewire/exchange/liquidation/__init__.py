"""What happens to an account that cannot carry its positions, and who pays for it."""
