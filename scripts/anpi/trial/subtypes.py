"""The subtypes of small cell lung cancer (Gay 2021, 10.1016/j.ccell.2020.12.014), and which calls give one."""

SUBTYPES = ("A", "N", "P", "I")
# Of a mixed call the foremost class is none.
CALLED = ("confident", "lean")
