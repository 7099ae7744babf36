"""Names of people within a text: behind a title or a label, before a title, or by lists of given names and surnames.

A name is told by what stands beside it more than by itself: a capital word behind ``Dr`` or ``Patient:`` is one, a
capital word alone is not. Hospitals and diseases that bear the name of a person are none.
"""

from __future__ import annotations

import functools
import re

from anpi.tables.identifier_lists import alternatives, fold_word, folded_words, labels, rows, titles

HAN = "\u4e00-\u9fff"
WORD = r"[^\W\d_]+(?:['-][^\W\d_]+)*"
PARTICLES = r"(?:(?:[A-Z]\.?|de|la|las|los|del|von|van|der|den|di|da|dal|le|el|al|bin|ben|ter|zu|dos) ){0,3}"
PAIR = re.compile(rf"(?<![\w'-])(?=({WORD})(,? ){PARTICLES}({WORD})(?!\w))")
PATIENT = re.compile(r"(?i)(?:pat|pt|patient|patientin|patiente|paciente|paziente)\b")
DICOM = re.compile(rf"{WORD}\^{WORD}")
INITIAL = re.compile(rf"(?<!\w)(?:[A-Z]\. ?){{1,3}}({WORD})|(?<!\w)({WORD}),? [A-Z]\.(?:[ -]?[A-Z]\.)?(?!\w)")
INITIALS_OF_A_PATIENT = re.compile(
    r"(?i:(?<!\w)(?:patient(?:in|e)?|pt|pat|initials?|initialen)\b)[.:]? {0,2}(?:[A-Z]\.){2,3}(?!\w)"
)
SYLLABLE = (
    r"(?:zh|ch|sh|[bpmfdtnlgkhjqxzcsryw])?(?:i(?:a(?:ng?|o)?|e|u|ng?|ong)?|u(?:a(?:ng?|i)?|o|i|n|e)?|a(?:ng?|i|o)?"
    r"|e(?:ng?|i|r)?|o(?:ng|u)?)"
)
PINYIN = re.compile(rf"{SYLLABLE}(?:[' -]?{SYLLABLE})?")
PLAIN_ENGLISH = {"he", "pan", "fan", "sun", "song", "ma", "hu", "long", "gong", "bin", "an", "she"}
# What follows a Chinese name in a sentence.
VERBS = "代诉因于在出入的已拒要今失死来去与和及说称表被由为是家本电住年男女自从要求联未于"
CERTAIN = "种些个类日时处地天次年月项方位段部科院家"  # what a certain (某) thing is, which is nobody
LONGEST_LIST = 40
NEAR = 3  # words beside a name that tell that it is of a hospital or a disease


def names_a_person(text: str, of_places: bool = False) -> bool:
    """Return whether a name of a person stands in a text.

    Parameters
    ----------
    text : str
        As `anpi.tables.names.legible` returns it.
    of_places : bool
        Whether hospitals stand there, many of which bear the name of a person: then titles and labels alone count.
    """
    if not text.isascii():
        text = re.sub(rf"(?<=[{HAN}])(?=[A-Za-z])|(?<=[A-Za-z])(?=[{HAN}])", " ", text)
    if DICOM.search(text) or INITIALS_OF_A_PATIENT.search(text) or titled(text) or labelled(text):
        return True
    if not text.isascii() and chinese_name(text):
        return True
    return not of_places and (listed_pair(text) or initial_and_surname(text))


def given(word: str) -> bool:
    return any(part in folded_words("given_names") for part in (fold_word(word), *fold_word(word).split("-")))


def surname(word: str) -> bool:
    return any(
        part in folded_words("surnames", "en", "de", "es", "fr", "it")
        for part in (fold_word(word), *fold_word(word).split("-"))
    )


def is_listed_name(word: str) -> bool:
    return given(word) or surname(word) or fold_word(word) in folded_words("surnames", "pinyin")


def ordinary(word: str) -> bool:
    """Return whether a word is one that stands where a name may stand and is none."""
    return fold_word(word) in folded_words("not_names", "ordinary", "institution")


def capital(word: str) -> bool:
    return len(word) > 1 and word[0].isupper()


@functools.cache
def title_forms() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return the forms of titles before a name, and of those that need a known name behind them."""
    sure, unsure = (alternatives(titles(place)) for place in ("before", "before_known"))
    behind = rf"(?:\.? ?(?:med|dent|jur|rer|nat|phil|h\.c)\b)*(?:\. ?| ){PARTICLES}({WORD})"
    return re.compile(rf"(?<![\w'-])(?:{sure}){behind}"), re.compile(rf"(?<![\w'-])(?:{unsure}){behind}")


def titled(text: str) -> bool:
    sure, unsure = title_forms()
    if any(capital(match[1]) and not ordinary(match[1]) for match in sure.finditer(text)):
        return True
    found = [match for match in unsure.finditer(text) if is_listed_name(match[1]) and not ordinary(match[1])]
    eponyms = folded_words("not_names", "eponym")
    return any(fold_word(match[1]) not in eponyms and not named_after(text, *match.span()) for match in found)


@functools.cache
def label_forms() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return the forms of a label of a name, and of a label of a person."""
    name = alternatives(labels("name")["names"])
    person = alternatives(labels("person")["names"])
    return (
        re.compile(rf"(?i)(?:^|[.;] ?|\bpatient(?:'s|en)?[ _-]?)(?:{name})(?: (?:is|ist|est|es|è))? ?[:=] ?({WORD})"),
        re.compile(
            rf"(?i)(?<!\w)(?:{person})\.?(?: ?[:=,(]{{1,2}} ?| (?:named|called|name|is|namens|nommée?|llamad[ao]"
            rf"|chiamat[ao]) | )"
            rf"{PARTICLES}({WORD})(?:,? {PARTICLES}({WORD}))?"
        ),
    )


def labelled(text: str) -> bool:
    name, person = label_forms()
    if any(not ordinary(match[1]) for match in name.finditer(text)):
        return True
    for match in person.finditer(text):
        first, second = match[1], match[2]
        if ordinary(first) or not capital(first):
            continue
        if named_after(text, *match.span()):
            continue
        if re.search(rf"(?<!\w)[A-Z]\. ?{re.escape(first)}", match[0]):
            return True
        two = second is not None and capital(second) and not ordinary(second)
        sure = re.search(rf"[:=] ?{re.escape(first)}", match[0]) is not None
        if (
            given(first)
            or (sure and (two or is_listed_name(first)))
            or (two and (is_listed_name(second) or pinyin(first, second)))
        ):
            return True
        if (
            PATIENT.match(match[0])
            and surname(first)
            and fold_word(first) not in folded_words("not_names", "also_words")
        ):
            return True
    return False


def listed_pair(text: str) -> bool:
    """Return whether two words beside each other are a given name and another name."""
    for match in PAIR.finditer(text):
        first, between, second = match.groups()
        if ordinary(first) or ordinary(second):
            continue
        if is_pair(first, second, "," in between) and not named_after(text, match.start(1), match.end(3)):
            return True
    return False


def is_pair(first: str, second: str, comma: bool) -> bool:
    cases = {word.isupper() for word in (first, second)}
    if first.islower() and second.islower():
        return (given(first) and surname(second)) or (comma and surname(first) and given(second))
    if not (capital(first) and capital(second)) or (len(cases) > 1 and not (first.isupper() and given(second))):
        return False
    if comma or first.isupper():
        return (surname(first) and given(second)) or (not comma and given(first) and surname(second))
    return given(first) or (surname(first) and given(second)) or pinyin(first, second)


def pinyin(first: str, second: str) -> bool:
    """Return whether two words are a Chinese name in Latin letters, in either order."""
    a, b = fold_word(first), fold_word(second)
    chinese = folded_words("surnames", "pinyin") - PLAIN_ENGLISH
    return (a in chinese and PINYIN.fullmatch(b) is not None) or (b in chinese and PINYIN.fullmatch(a) is not None)


def named_after(text: str, start: int, end: int) -> bool:
    """Return whether words beside a name tell that a hospital or a disease bears it."""
    beside = re.findall(WORD, text[:start])[-NEAR:] + re.findall(WORD, text[end:])[:NEAR]
    return any(fold_word(word) in folded_words("not_names", "institution", "eponym") for word in beside)


def initial_and_surname(text: str) -> bool:
    for match in INITIAL.finditer(text):
        word = match[1] or match[2]
        if capital(word) and surname(word) and not named_after(text, *match.span()):
            return True
    return False


@functools.cache
def chinese_forms() -> dict[str, re.Pattern[str]]:
    """Return the forms of a Chinese name: alone, with its label, with a title, within a sentence."""
    family = alternatives(name for language, name in rows("surnames") if language == "zh")
    second = "[" + "".join(name for language, name in rows("given_names") if language == "zh") + "]"
    label, title = alternatives(labels("person_zh")["names"]), alternatives(titles("after"))
    end = rf"(?=[^{HAN}]|$|[{VERBS}])"
    return {
        "alone": re.compile(rf"(?:{family}){second}{{1,2}}"),
        "any": re.compile(rf"(?:{family})[{HAN}]{{1,3}}"),
        "label": re.compile(rf"(?:{label}) ?(?:姓名|名叫|叫|为|是)? ?[:,]? ?((?:{family}){second}{{1,2}}){end}"),
        "colon": re.compile(rf"(?:{label}) ?(?:姓名)? ?: ?((?:{family})[{HAN}]{{1,2}})(?=[^{HAN}]|$)"),
        "title": re.compile(
            rf"(?:{family})(?:[{HAN}]{{0,2}} ?(?:先生|女士|小姐|太太)|(?<!于)(?:{second}{{0,2}}) ?(?:{title}))"
            r"|[\u4e00-\u9fff]{2,4} ?(?:様|さん)|[김이박최정강조윤장임한오서신권황안송류홍][가-힣]{1,2} ?(?:씨|님|환자)"
        ),
        "sentence": re.compile(rf"(?<![{HAN}])((?:{family}){second}{{2}})(?=[^{HAN}]|$|[{VERBS}])"),
        # 刘某 and 王××: somebody took half of the name out. 于某日 is a certain day.
        "masked": re.compile(
            rf"(?<!于)(?:{family})(?:某{{1,3}}(?![{HAN}]*?(?<=某)[{CERTAIN}])|[×○*]{{1,3}}(?!\w)|[xX]{{2}}(?!\w))"
        ),
        "sex": re.compile(rf"(?<![{HAN}])((?:{family}){second}{{1,2}}) ?[(,] ?[男女患病]"),
    }


def chinese_name(text: str) -> bool:
    """Return whether a Chinese name stands in a text."""
    forms = chinese_forms()
    text = re.sub(rf"(?<=[{HAN}]) (?=[{HAN}])", "", text)
    parts = [part for part in re.split(r"[、,;/ ·]+", text) if part]
    if parts and len(text) <= LONGEST_LIST and all(is_chinese(part) for part in parts):
        return True
    if forms["title"].search(text) or forms["masked"].search(text):
        return True
    found = [match[1] for form in ("label", "colon", "sentence", "sex") for match in forms[form].finditer(text)]
    return any(name not in folded_words("not_names", "chinese") for name in found)


def is_chinese(word: str) -> bool:
    return chinese_forms()["alone"].fullmatch(word) is not None and word not in folded_words("not_names", "chinese")


def begins_as_chinese_name(word: str) -> bool:
    """Return whether a word begins with a Chinese surname and has the length of a name."""
    return chinese_forms()["any"].fullmatch(word) is not None
