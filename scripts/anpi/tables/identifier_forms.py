"""Forms of direct identifiers within a text, by kind: numbers with check digits, addresses, labels with what follows.

Kinds follow the categories of HIPAA Safe Harbor (45 CFR 164.514(b)(2)). The forms are in
``resources/identifiers/forms.tsv``, labels in ``labels.tsv`` beside it; names of people are in
`anpi.tables.person_names`. All texts are as `anpi.tables.names.legible` returns them.
"""

from __future__ import annotations

import functools
import importlib
import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date

from anpi.tables.identifier_lists import alternatives, cities, labels, rows

Check = Callable[[str], bool]
MONTHS = "jan|feb|fév|mar|mär|mrz|apr|avr|ma[iy]|jun|juin|jul|juil|aug|aoû|sep|o[ck]t|nov|de[cz]|déc"
# A date whose month is a word, as 1 Feb 1950, 1. März 1950, 01FEB1950, 1-Feb-50 and 1 de febrero de 1950.
WORDED_DAY = (
    rf"\d{{1,2}}(?:st|nd|rd|th|er)?[-. ]{{0,2}}(?:de )?(?:{MONTHS}|ene|abr|ago|dic|gen|mag|giu|lug|set|ott)[^\W\d_]*"
    r"(?: de)?(?:[-., ]{0,2}\d{4}|-\d\d)(?!\d)"
)
DAY = re.compile(
    r"(\d{4})[-/.年]?(\d{2})[-/.月]?(\d{2})日?|(\d{4})[-/.年]\d{1,2}[-/.月](?:\d{1,2}日?)?|\d{1,2}[-/.]\d{1,2}[-/.](\d{4})"
    r"|(?:0?[1-9]|[12]\d|3[01])[/.](?:0?[1-9]|[12]\d|3[01])[/.](\d\d)"
)
DAY_IN_WORDS = re.compile(rf"{WORDED_DAY}|(?:{MONTHS})[a-z]*\.? \d{{1,2}},? \d{{4}}", re.IGNORECASE)
CLOCK = re.compile(r"[T ]\d{1,2}:\d\d.*")
ANY_DAY = re.compile(
    r"(?<!\d)(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})(?!\d)"
    rf"|\d{{4}}年\d{{1,2}}月|(?<!\d){WORDED_DAY}",
    re.IGNORECASE,
)
NEWEST_SHORT_YEAR = 30  # 31 is 1931, 30 is 2030
SOCIAL = r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])"


def danish(number: str) -> bool:
    """Return whether a Danish number holds by its check digit too, which those born before 2007 have."""
    from stdnum.dk import cpr

    return cpr.is_valid(number) and cpr.checksum(cpr.compact(number)) == 0


def german_insured(number: str) -> bool:
    """Return whether the check digit of a German health insurance number (KVNR) holds."""
    digits = f"{ord(number[0]) - 64:02d}{number[1:]}"
    products = (int(digit) * (1 + place % 2) for place, digit in enumerate(digits[:-1]))
    return sum(product // 10 + product % 10 for product in products) % 10 == int(digits[-1])


def chassis_number(number: str) -> bool:
    """Return whether the check digit of a vehicle identification number holds (ISO 3779, North America and China)."""
    values = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", "12345678123457923456789", strict=True))
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    rest = sum(int(values.get(c, c)) * weight for c, weight in zip(number, weights, strict=True)) % 11
    return number[8] == "0123456789X"[rest] and not number.isdecimal()


def is_address(text: str) -> bool:
    """Return whether a text is an address of the Internet."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


# How the numbers of ``forms.tsv`` are checked, by the name that stands there: by a module of stdnum, or in another way.
NUMBERS = {
    "aadhaar": "in_.aadhaar",
    "ahv": "ch.ssn",
    "bsn": "nl.bsn",
    "codicefiscale": "it.codicefiscale",
    "cpf": "br.cpf",
    "dni": "es.dni",
    "fodselsnummer": "no.fodselsnummer",
    "hetu": "fi.hetu",
    "iban": "iban",
    "idnr": "de.idnr",
    "luhn": "luhn",
    "nhs": "gb.nhs",
    "nie": "es.nie",
    "nir": "fr.nir",
    "nn": "be.nn",
    "personnummer": "se.personnummer",
    "pesel": "pl.pesel",
    "rrn": "kr.rrn",
    "sin": "ca.sin",
    "ssn": "us.ssn",
}
BEFORE_CHECK: Mapping[str, Callable[[str], str]] = {
    "dni": lambda text: text.replace(".", ""),
    "luhn": lambda text: re.sub("[ -]", "", text),
    "ssn": lambda text: text.replace(" ", "-"),
}
OTHER_CHECKS: Mapping[str, Check] = {
    "none": bool,
    "cpr": danish,
    "ip": is_address,
    "kvnr": german_insured,
    "french_mobile": lambda text: text[1] in "67",
    "mobile": lambda text: re.fullmatch(MOBILE, text) is not None,
    "vin": chassis_number,
}
EMAIL = r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63}){1,4}"
MOBILE = r"(?:\+?(?:00)?86[ -]?)?1[3-9]\d[ .-]?\d{4}[ .-]?\d{4}"
BRITISH_POSTCODE = r"[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}"
NO_DATE = (
    r"(?!\d{4}[-./]\d\d?[-./]\d\d?(?!\d)"
    r"|(?:0?[1-9]|[12]\d|3[01])[-./](?:0?[1-9]|[12]\d|3[01])[-./]\d{2,4}(?!\d))"
)
# Words between a label and its value.
AFTER = (
    r"[\s.:=#,_-]{0,4}(?:(?:n[or°]?\b|n°|num(?:ber|mer|[eé]ro)\b|numero|núm|id\b|is|was|ist|lautet|est|es|è"
    r"|last (?:four|4)|ending(?: in)?|at|on|him|her|you|号码?|编号|为|是|后四位)[\s.:=#_-]{0,3}){0,3}"
)
BORN = (
    r"(?i)\b(?:(?:born|date of birth|dob|geboren|née? (?:le|en)|nacid[oa](?: el| en)?|nat[oa](?: a \w+)? (?:il|nel))\b"
    rf"(?:\W{{0,3}}(?:on|in|am)\b)?|geb\.(?: ?am\b)?)\W{{0,3}}(?:\d|(?:{MONTHS})[a-z]*\W{{1,2}}\d)"
    r"|(?:出生(?:日期|于)?|生于|生日)\W{0,2}(?:为|是)?\W{0,2}\d{4}"
    r"|(?:\d{4}年(?:\d{1,2}月(?:\d{1,2}日)?)?|\d{4}[-/.]\d{1,2}[-/.]\d{1,2} ?)出?生人?(?![存长命育物化理活效])"
    r"|(?<!\S)\* ?\d{1,2}\.\d{1,2}\.\d{4}"
)
LEAST_DIGITS = {"national ids": 4, "postal addresses": 4}
USUAL_DIGITS = 5


def check_named(name: str) -> Check:
    """Return a check of numbers; its module is imported now, since a planning that remembers its checks needs none."""
    if name in OTHER_CHECKS:
        return OTHER_CHECKS[name]
    is_valid: Check = importlib.import_module(f"stdnum.{NUMBERS[name]}").is_valid
    before = BEFORE_CHECK.get(name)
    return is_valid if before is None else lambda text: is_valid(before(text))


@functools.cache
def forms(sort: str) -> tuple[tuple[str, re.Pattern[str], Check], ...]:
    """Return the forms of one sort: kind, expression and check.

    Parameters
    ----------
    sort : str
        ``number``: by chance less than one text in a thousand of the form passes the check; ``code``: one in twenty or
        fifty does; ``whole``: a whole value, of which one in ten does; ``sure``: nothing else has the form.
    """
    flags = re.NOFLAG if sort == "sure" else re.ASCII
    return tuple(
        (kind, re.compile(form, flags), check_named(check)) for of, kind, check, form in rows("forms") if of == sort
    )


@functools.cache
def sure_forms() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return the forms, by kind, that nothing else has, those of dates and towns among them."""
    town = re.compile(rf"(?<![\w.-])(?:[DFAI]-)?\d{{4,5}},? (?:{cities()})\b")
    listed = [(kind, form) for kind, form, _ in forms("sure")]
    return (*listed, ("dates of birth", re.compile(BORN)), ("postal addresses", town))


@functools.cache
def label_forms() -> tuple[tuple[str, str, frozenset[str]], ...]:
    """Return the forms of labels with what follows: kind, form, and a word of each label, of which a text holds one.

    They are long, and few texts hold such a word: each is compiled when it is needed (`compiled`).
    """
    found = []
    for sort in ("number", "code", "date", "text", "place", "handle"):
        for kind, words in labels(sort).items():
            form = rf"(?i)(?:{bounded(words)}){behind_label(sort, LEAST_DIGITS.get(kind, USUAL_DIGITS))}"
            found.append((kind, form, frozenset(first_word(word) for word in words)))
    return tuple(found)


compiled = functools.cache(re.compile)


def behind_label(sort: str, least: int) -> str:
    """Return an expression for what stands behind a label of a sort; ``least`` digits make a number."""
    worded = rf"{WORDED_DAY}|\d{{4}}年|(?:{MONTHS})[a-z]*\.? \d{{1,2}},? \d{{4}}"
    figures = r"\d{1,4}[-/. ]\d{1,2}[-/. ]\d{2,4}(?!\d)|\d{8}(?!\d)"
    code = r"(?=[A-Z0-9·-]{0,12} ?[A-Z0-9·-]{0,8}\d)[A-Z京沪粤0-9·-]{1,12}[ ·-]?[A-Z0-9·-]{2,}"
    return {
        "number": rf"{AFTER}{NO_DATE}[+(#]{{0,2}}(?:[A-Z]{{1,4}}[ /-]?)?(?:\d[ /().-]{{0,2}}(?:[A-Z]-?)?){{{least},}}",
        "code": rf"{AFTER}{NO_DATE}(?-i:{code}|(?=[a-f]{{0,8}}\d)[0-9a-f]{{8,}})",
        "date": rf"{AFTER}(?:(?:le|el|il|am|den) )?(?:{figures}|{worded})",
        "text": r" ?[:=] ?(?!unknown|none|n/a|not |see |same|不详|无)\w",
        "place": r" ?[:,]? ?(?-i:(?:\d{1,5},? ?)?[A-ZÀ-Þ\u4e00-\u9fff][\w'-]+)",
        "handle": r"(?: id| no\.?)?(?: ?[:=] ?@?| ?@| ?(?=[A-Za-z][\w.-]*\d))[A-Za-z][\w.-]{3,}",
    }[sort]


def bounded(words: Iterable[str]) -> str:
    """Return an expression for labels: whole words, where words are parted by blanks."""
    han = [word for word in words if re.search("[\u4e00-\u9fff]", word)]
    latin = [word for word in words if word not in han]
    parts = [rf"(?<!\w)(?:{alternatives(latin)})(?![^\W\d_\u4e00-\u9fff])"] if latin else []
    return "|".join(parts + ([alternatives(han)] if han else []))


def first_word(label: str) -> str:
    """Return the part of a label by which a text is looked through before the form is tried."""
    return re.findall(r"[^\W\d_]+", label.casefold())[0]


def kinds_within(text: str, is_id: bool = False) -> Iterator[str]:
    """Iterate over the kinds of identifiers that stand in a text; ids of a trial hold numbers in any form."""
    for kind, form, check in forms("number"):
        if any(check(match[0].strip()) for match in form.finditer(text)):
            yield kind
    if is_id:
        if re.search(EMAIL, text):
            yield "e-mail addresses"
        return
    for kind, form, check in forms("social"):
        if any(check(match[0]) for match in form.finditer(text)):
            yield kind
    yield from (kind for kind, form in sure_forms() if form.search(text))
    words = set(re.findall(r"[^\W\d_]+", text.casefold()))
    for kind, label, first in label_forms():
        if (not words.isdisjoint(first) or not text.isascii()) and compiled(label).search(text):
            yield kind


def year_of(text: str) -> int | None:
    """Return the year of a whole date in any usual form; None for what is none."""
    day = CLOCK.sub("", text)
    match = DAY.fullmatch(day)
    if match is not None:
        year = next(group for group in match.group(1, 4, 5, 6) if group)
    elif DAY_IN_WORDS.fullmatch(day):
        year = re.findall(r"\d+", day)[-1]
    else:
        return None
    whole = int(year) if len(year) > 2 else int(year) + (2000 if int(year) <= NEWEST_SHORT_YEAR else 1900)
    return whole if 1900 <= whole <= date.max.year else None
