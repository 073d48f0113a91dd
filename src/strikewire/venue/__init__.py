"""Wires a venue from a configuration and runs it: the one room that knows all the others."""
