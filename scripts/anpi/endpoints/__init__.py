"""Endpoints of a trial from scans, dates and rules, each with its reason. Stands on recist and tables."""
