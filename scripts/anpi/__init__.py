"""anpi: SCLC subtypes, immune signatures and trial endpoints, joined.

Rooms, each importing only what stands below it: ``tables`` at the ground; ``expression``,
``subtypes``, ``signatures``, ``recist``, ``endpoints`` and ``adverse_events`` in the middle, unaware
of each other; ``cohort`` above them; ``stats`` beside; ``association`` on both; ``figures`` and
``report`` at the roof. ``simulation`` makes the demo and serves the tests.
"""

__version__ = "0.1.0"
