"""Files written whole, read intact, and known by their checksums."""
