"""What a check of inputs refuses, told by Snakemake without a traceback."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from snakemake.exceptions import WorkflowError

from anpi.problems import InputError

Given = ParamSpec("Given")
Found = TypeVar("Found")


def in_words(check: Callable[Given, Found], *arguments: Given.args, **named: Given.kwargs) -> Found:
    """Call a check; what it refuses ends the run in words."""
    try:
        return check(*arguments, **named)
    except InputError as error:
        raise WorkflowError(str(error)) from None
