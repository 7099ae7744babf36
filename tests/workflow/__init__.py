"""Tests of whole runs and of what their inputs may hold."""
