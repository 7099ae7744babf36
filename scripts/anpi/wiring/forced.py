"""Steps that the user forces to run compute everything, also what they have kept."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any


def forget_when_forced(workflow: Any, ledger: Path) -> None:
    """Forget what steps kept for later runs where the user asks for steps by force.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        The run, about to begin; called with ``--force``, ``--forceall`` or ``--forcerun``, or without.
    ledger : Path
        Folder of the ledger.
    """
    asked = workflow.dag_settings
    if asked.forcetargets or asked.forceall or asked.forcerun:
        for name in ("kept", "pages"):
            shutil.rmtree(ledger / name, ignore_errors=True)
