"""anpi: SCLC subtypes, immune signatures and trial endpoints, joined.

What is meant for other programs stands in `anpi.api` and is had from here too, for example ``anpi.call_subtypes``.
The rooms and what each may import: docs/architecture.md.
"""

import importlib

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    # Asked for when used, so that a program that only wants one room does not import all.
    api = importlib.import_module("anpi." + "api")
    if name in api.__all__:
        return getattr(api, name)
    raise AttributeError(f"module 'anpi' has no attribute '{name}'")
