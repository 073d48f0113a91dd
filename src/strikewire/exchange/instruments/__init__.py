"""Instruments: listing and marking them, halting them, settling them."""
