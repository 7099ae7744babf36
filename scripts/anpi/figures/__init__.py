"""Figures: pure functions from tables to a matplotlib figure and the table of what it draws."""
