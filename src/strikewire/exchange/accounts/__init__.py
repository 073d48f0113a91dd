"""Accounts and their cash: opening, paying in and out, fees, limits, margin models."""
