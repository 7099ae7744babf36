"""Days and months."""

# As ADaM has it: 365.25 / 12.
DAYS_PER_MONTH = 30.4375
