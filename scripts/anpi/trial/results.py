"""Codes of ``results.tsv`` that those who read it know."""

from __future__ import annotations

# What `effect` of a result is called whose question is whether arms differ in it.
INTERACTION = "interaction with arm"
# How the warning of a result begins whose family waits for another one that did not pass.
GATE_CLOSED = "gate closed"
# How the biomarker of a result begins that is the clearance of a marker.
CLEARANCE = "clearance of "
