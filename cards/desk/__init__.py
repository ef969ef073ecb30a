"""Desk pages about batches of cards."""
