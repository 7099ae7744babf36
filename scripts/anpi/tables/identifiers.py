"""What looks like a direct identifier of a person: in the names of columns and in their values.

A column is refused unless the user allows it by name (``allow_columns`` of the config; for a program that is run by
itself the environment variable ``ANPI_ALLOW_COLUMNS``, names parted by commas). No message repeats a value.

Some forms convict a column by one value: an e-mail address, a name behind a title, a national number whose check digits
hold. Forms that other numbers or words may have too convict it only when nearly all its values have them.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from anpi.problems import Problem
from anpi.tables.allowed import allowed_columns
from anpi.tables.identifier_forms import (
    ANY_DAY,
    BRITISH_POSTCODE,
    DAY,
    MOBILE,
    SOCIAL,
    Check,
    check_named,
    forms,
    kinds_within,
    year_of,
)
from anpi.tables.identifier_lists import plain_letters, rows
from anpi.tables.names import legible
from anpi.tables.person_names import begins_as_chinese_name, is_listed_name, names_a_person

LEAST_VALUES = 4  # of so many distinct values nearly all must have a form that others may have too
NEARLY_ALL = 0.8
MOST_LOOKED_AT = 500
SHORT_PHONE = r"[2-9]\d{2}-\d{4}"
YEARS_TO_TREATMENT = 18
SHORTEST = 2  # a name in Chinese

# Words that give a column away as a word of its name, and those that do so inside any other.
WORDS = {"phone": "phone numbers", "fax": "phone numbers", "surname": "names", "dob": "dates of birth"} | {
    "mrn": "record numbers", "ssn": "national ids", "passport": "national ids", "postcode": "postal addresses",
    "photo": "photographs", "url": "web addresses", "fingerprint": "biometric ids", "nickname": "names",
}  # fmt: skip
INSIDE = re.compile(
    "dateofbirth|birthdate|geburtsdatum|firstname|lastname|medicalrecord|socialsecurity|postalcode|telephone|phonenumber"
    "|email|ipaddress|serialnumber|fingerprint|nickname|licenseplate|contactname|contactperson|deviceserial"
    "|historiaclinica|姓名|身份证|公民身份号码|证件号|电话|手机|住院号|住院编号|病历号|病历编号|病案号|出生日期|住址|地址|邮编|联系人"
    "|联系方式|照片|指纹|微信"
)
PERSON = r"[A-Z][a-z]+(?:[-'][A-Z][a-z]+)?,? (?:[A-Z]\.? )?[A-Z][a-z]+(?:[-'][A-Z][a-z]+)?"
INITIALS = r"(?:[A-Z]\. ?){2,3}"
# An id that is a name: JohnSmith, John-Smith, john.smith, SMITH JOHN.
NAME_AS_ID = r"[A-Z][a-z]+[A-Z][a-z]+|[^\W\d_]{2,}(?:,? +[^\W\d_]{2,})+" + "".join(
    rf"|{part}(?:[._-]{part}){{1,2}}" for part in ("[A-Z][a-z]{2,}", "[a-z]{3,}", "[A-Z]{3,}")
)
# An id that holds a date of birth, as initials with 19500201, or a hospital's record number with its label.
BIRTH_IN_ID = r"(?<!\d)19\d\d[-_.]?(?:0[1-9]|1[0-2])[-_.]?(?:0[1-9]|[12]\d|3[01])(?!\d)"
RECORD_AS_ID = r"(?i)mrn[-_.]?\d{5,}"
# What cannot identify anybody, so that most cells are looked at once only.
HARMLESS = re.compile(r"[A-Za-z_-]+|[-+<>]?\d{1,7}(?:[.,]\d*)?|\d{4}-\d\d-\d\d")
SITES = ("site", "SITENAM", "SITEID")
PATHS = ("fastq_1", "fastq_2", "bam", "quant")
FILE_ENDS = re.compile(r"(?i)(?:\.(?:fastq|fq|bam|cram|sam|sf|gz|bz2|tsv|csv|txt|xlsx))+$")
ACCESSION = re.compile(r"[SED]R[RXS]\d+")
HOST = re.compile(r"\w+://[^/]*")
ELSEWHERE = re.compile(r"[/\\~]|\w:")  # a path that does not begin in the folder of the run


def identifier_problems(frame: pd.DataFrame, schema: Mapping[str, Any], table: str, file: str) -> list[Problem]:
    """Find the columns of a table that look like direct identifiers.

    Parameters
    ----------
    frame : DataFrame
        Every value as text, None for missing.
    schema : mapping
        Of the table; a column that it knows is judged by its values alone, one that it knows to be a date, a number or
        a choice of words not at all.
    table : str
        By which the user allows a column, as ``patients.initials``.

    Returns
    -------
    list of Problem
        One a column, without its values.
    """
    problems = []
    allowed = allowed_columns()
    start = treatment_year(frame)
    for column in map(str, frame.columns):
        if f"{table}.{column}" in allowed:
            continue
        rule = schema.get("properties", {}).get(column)
        kind = None if rule is not None else kind_of_name(column)
        rows: list[object] = []
        if kind is None and is_text(rule):
            kind, rows = kind_of_values(frame[column], column, rule, start)
        if kind is not None:
            problems.append(problem(file, table, column, kind, rows))
    return problems


def problem(file: str, table: str, column: str, kind: str, rows: Sequence[object]) -> Problem:
    where = ""
    if rows:
        where = f" ({len(rows)} row{'s' * (len(rows) > 1)}, the first is {min(int(str(row)) for row in rows) + 2})"
    mend = "Take the column out"
    if column in ("patient_id", "sample_id"):
        mend = "Give ids of the trial"
    return Problem(
        file,
        f"looks like a direct identifier: {kind}{where}",
        row=1,
        column=column,
        mend=f"{mend}; if it is none, allow it: allow_columns: [{table}.{column}] in the config.",
    )


def is_text(rule: Mapping[str, Any] | None) -> bool:
    """Return whether a column may hold any text: an extra one, or one that the schema neither types nor enumerates."""
    return rule is None or (rule.get("type") == "string" and "enum" not in rule and "format" not in rule)


def fold_name(column: str) -> str:
    """Reduce a column's name to its letters, without accents and in lower case."""
    plain = unicodedata.normalize("NFKD", column).lower().replace("ß", "ss").replace("ø", "o")
    # Korean syllables were taken apart with the accents.
    return unicodedata.normalize("NFC", "".join(c for c in plain if c.isalnum()))


@functools.cache
def kind_of_folded() -> Mapping[str, str]:
    """Return the kind of identifier by the folded name of a column."""
    return {fold_name(name): kind for kind, name in rows("columns")}


def kind_of_name(column: str) -> str | None:
    """Return the kind of identifier that a column's name tells, or None."""
    folded = fold_name(column).rstrip("0123456789")
    kinds = kind_of_folded()
    if folded in kinds:
        return kinds[folded]
    words = map(fold_name, re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])", column))
    inside = INSIDE.search(folded)
    return next((WORDS[word] for word in words if word in WORDS), kinds[inside[0]] if inside else None)


def kind_of_values(
    values: pd.Series, column: str, rule: Mapping[str, Any] | None, start: int | None
) -> tuple[str | None, list[object]]:
    """Return the kind of identifier that the values are, and the rows in which they stand.

    Names of groups (arm, site, batch) may hold an address of the web: it is that of the group.
    """
    extra = rule is None
    group = rule is not None and rule.get("name", False) and not rule.get("any_case", False)
    distinct = sorted(values.dropna().unique())
    # Of a column of such numbers alone, trial ids are told from social security numbers below.
    numbered = len(distinct) >= LEAST_VALUES and all(re.fullmatch(SOCIAL, legible(text)) for text in distinct)
    is_id = column.endswith("_id") or column == "USUBJID" or numbered
    is_path = not extra and column in PATHS
    kinds = {text: kind_of_path(text) if is_path else kind_of_text(text, is_id, column in SITES) for text in distinct}
    kinds = {text: None if group and kind == "web addresses" else kind for text, kind in kinds.items()}
    if column == "patient_id":
        kinds |= {text: "names" for text in distinct if kinds[text] is None and is_name_as_id(text)}
    kinds |= {} if is_id or is_path else kinds_of_codes([text for text in distinct if kinds[text] is None])
    kind = next((kind for kind in kinds.values() if kind is not None), None)
    if kind is not None:
        return kind, [index for index, value in values.items() if kinds.get(value) is not None]
    if is_path:
        return None, []
    if is_id and len(distinct) >= LEAST_VALUES and social_numbers(distinct):
        return "national ids", []
    sample = [legible(text) for text in distinct[:: max(1, len(distinct) // MOST_LOOKED_AT)]]
    if len(sample) < LEAST_VALUES:
        return None, []
    return kind_of_most(sample, values, extra, is_id, start), []


def is_name_as_id(text: str) -> bool:
    return re.fullmatch(NAME_AS_ID, text) is not None or begins_as_chinese_name(legible(text))


def kind_of_text(text: str | None, is_id: bool = False, of_places: bool = False) -> str | None:
    """Return the kind of identifier that stands in a text, by forms that nothing else has; None for none.

    Parameters
    ----------
    is_id, of_places : bool
        Whether the text is an id of the trial, or the name of a hospital, which may bear that of a person.
    """
    if text is None or len(text) < SHORTEST or HARMLESS.fullmatch(text):
        return None
    text = legible(text)
    kind = next(kinds_within(text, is_id), None)
    return "names" if kind is None and not is_id and names_a_person(text, of_places) else kind


def kind_of_path(path: str) -> str | None:
    """Return the kind of identifier that stands in the name of a file or of a folder of the run; None for none.

    Of a path that begins elsewhere the file and the folder around it are looked at: above them, a folder may bear the
    name of who works on this machine.
    """
    path = HOST.sub("", legible(path))
    parts = path.rstrip("/").split("/")
    looked = parts[-2:] if ELSEWHERE.match(path) else parts
    return next((kind for kind in map(kind_of_file, looked) if kind is not None), None)


@functools.lru_cache(4096)
def kind_of_file(name: str) -> str | None:
    """Return the kind of identifier that stands in the name of a file, whose words ``_``, ``-`` or ``.`` may part.

    Of labels in Latin letters that of record numbers counts alone: names of samples and machines begin as others do.
    """
    name = FILE_ENDS.sub("", name)
    words = re.sub(r"[_.-]+", " ", name).strip()
    if kind := kind_of_text(name, is_id=name.isascii()):
        return kind
    if names_a_person(words) or begins_as_chinese_name(re.split(r"[\W\d_]", name)[0]):
        return "names"
    if re.search(BIRTH_IN_ID, name) and not ACCESSION.match(name):
        return "dates of birth"
    return "record numbers" if re.search(RECORD_AS_ID, name) else None


def kinds_of_codes(texts: Sequence[str]) -> dict[str, str | None]:
    """Find texts with a number whose check is weak: it tells when no number of the same form fails in the column."""
    found: dict[str, str | None] = {}
    for kind, pattern, check in forms("code"):
        held = {text: [check(match[0]) for match in pattern.finditer(legible(text))] for text in texts if len(text) > 7}
        if all(all(results) for results in held.values()):
            found |= {text: kind for text, results in held.items() if results}
    return found


def social_numbers(ids: Sequence[str]) -> bool:
    """Return whether ids are social security numbers; trials write site and subject the same way, sites repeat."""
    found = [text for text in map(legible, ids) if re.fullmatch(SOCIAL, text) and check_named("ssn")(text)]
    return len(found) >= NEARLY_ALL * len(ids) and len({text[:6] for text in found}) > NEARLY_ALL * len(found)


def kind_of_most(sample: Sequence[str], values: pd.Series, extra: bool, is_id: bool, start: int | None) -> str | None:
    """Return the kind of identifier that nearly all values of a column have the form of; None for none."""

    def most(test: Check) -> bool:
        return sum(map(test, sample)) >= NEARLY_ALL * len(sample)

    for kind, form, check in forms("whole"):
        if most(functools.partial(fits, form, check)):
            return kind
    if most(lambda text: re.fullmatch(MOBILE, text) is not None):
        return "phone numbers"
    if is_id and most(lambda text: re.search(BIRTH_IN_ID, text) is not None):
        return "dates of birth"
    if is_id and most(lambda text: re.fullmatch(RECORD_AS_ID, text) is not None):
        return "record numbers"
    if is_id:
        return None
    if (
        most(begins_as_chinese_name)
        or most(lambda text: re.fullmatch(INITIALS, text) is not None)
        or most(is_listed_name)
    ):
        return "names"
    if not extra:
        return None
    if most(lambda text: re.fullmatch(BRITISH_POSTCODE, text) is not None):
        return "postal addresses"
    if most(lambda text: re.fullmatch(SHORT_PHONE, text) is not None) and len(
        {text[:3] for text in sample}
    ) > NEARLY_ALL * len(sample):
        return "phone numbers"  # of ids of sites and subjects the first part stands again and again
    unlike = len(sample) >= NEARLY_ALL * min(values.notna().sum(), MOST_LOOKED_AT)
    if unlike and most(lambda text: re.fullmatch(PERSON, plain_letters(text)) is not None):
        return "names"
    years = [year for year in map(year_of, sample) if year is not None]
    if len(years) >= NEARLY_ALL * len(sample):
        latest = sorted(years)[int(NEARLY_ALL * (len(years) - 1))]
        if latest <= (start or 2010) - YEARS_TO_TREATMENT:
            return "dates of birth"
    return None


def fits(form: re.Pattern[str], check: Check, text: str) -> bool:
    return form.fullmatch(text) is not None and check(text)


def treatment_year(frame: pd.DataFrame) -> int | None:
    """Return the first year of treatment that the table holds, for telling dates of birth from other dates."""
    for column in ("treatment_start_date", "TRTSDT", "assessment_date", "start_date", "collection_date"):
        years = [year_of(text) for text in frame.get(column, pd.Series(dtype=object)).dropna().unique()]
        stated = [year for year in years if year is not None]
        if stated:
            return min(stated)
    return None


def masked(problem: Problem, is_date: bool = False, is_word: bool = False) -> Problem:
    """Take the value that was found out of a problem when it may identify a person.

    Parameters
    ----------
    is_date : bool
        Whether a date belongs there: in a column of dates a misspelt one is shown, in any other it may be of a birth.
    is_word : bool
        Whether words of a list belong there, such as Stable Disease; elsewhere two words may be a name.
    """
    if problem.found is None:
        return problem
    found = legible(problem.found)
    is_id = problem.column is not None and problem.column.endswith("_id")
    named = begins_as_chinese_name(found) or (problem.column in ("patient_id", "sample_id") and is_name_as_id(found))
    is_person = named or bool(re.fullmatch(MOBILE, found)) or (not is_word and looks_like_person(found))
    is_day = not is_date and bool(ANY_DAY.search(found) or DAY.fullmatch(found))
    if not (is_person or is_day or kind_of_text(found, is_id)):
        return problem
    told = "found a value that is not shown, for it may identify a person"
    return replace(problem, found=None, mend=None, message=f"{problem.message}, {told}" if problem.message else told)


def looks_like_person(name: str) -> bool:
    """Return whether the name of a sample is that of a person, or a number or address of one."""
    plain = legible(name)
    two_words = re.fullmatch(PERSON, plain_letters(plain)) is not None
    return two_words or begins_as_chinese_name(plain) or kind_of_text(name, is_id=True) is not None


def holds_values(header: Sequence[str]) -> bool:
    """Return whether what should be a header is a row of data."""
    return any(ANY_DAY.search(cell) or next(kinds_within(legible(cell)), None) for cell in header)
