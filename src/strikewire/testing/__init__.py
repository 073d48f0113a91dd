"""What tests and simulations stand on: drawn states, fakes and generators; no flow passes here."""
