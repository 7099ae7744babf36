"""What a row of a table and a document of JSON may hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

Scalar = str | int | float | bool | None
Row = dict[str, Scalar | date | Decimal]
Json = Scalar | Sequence["Json"] | Mapping[str, "Json"]
Document = dict[str, Json]
