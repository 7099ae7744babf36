"""What each run left behind, what changed since, and copies that can be checked later."""
