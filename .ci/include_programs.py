"""A hook of the build: the programs of scripts/ become data of the package, beside the library that they call."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class IncludePrograms(BuildHookInterface):
    """Add every program but the simulator, which needs the demo's code."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the files and where they go."""
        for program in sorted(Path(self.root, "scripts").glob("*.py")):
            if program.name != "simulate_demo.py":
                build_data["force_include"][str(program)] = f"anpi/data/scripts/{program.name}"
