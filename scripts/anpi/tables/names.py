"""Names that put rows into groups: one spelling each, of characters that can be seen and told apart."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable, Iterable, Mapping, Sequence

from anpi.problems import fold, nearest

# Words for "not known" that would else become a group, or a value, of their own. Folded as `is_unknown` does.
UNKNOWN = frozenset(
    ("nan", "n/a", "na", "#n/a", "<na>", "n.a.", "n.a", "null", "nil", "-", "--", "–", "—", ".", "..", "?", "??", "unk")
    + ("unknown", "unspecified", "missing", "ongoing", "continuing", "tbd", "not known", "not available")
    + ("not applicable", "not recorded", "to be determined", "not a number")
    + ("unbekannt", "nicht bekannt", "keine angabe", "k.a.", "k. a.", "inconnu", "inconnue", "desconocido")
    + (
        "不详",
        "未知",
        "不明",
        "不适用",
        "缺失",
        "未查",
        "未检查",
        "未做",
        "未检测",
        "未记录",
        "持续",
        "持续中",
        "仍持续",
    )
)
TRUTHS = frozenset(("true", "false"))
# What others call a word that the schemas take, folded (see `fold`).
OTHER_WORDS: dict[str, tuple[str, ...]] = {
    "CR": ("completeresponse", "complete", "completeremission", "完全缓解"),
    "PR": ("partialresponse", "partial", "partialremission", "部分缓解"),
    "SD": ("stabledisease", "stable", "疾病稳定", "病情稳定", "稳定"),
    "PD": ("progressivedisease", "progression", "progressed", "progressive", "疾病进展", "病情进展", "进展"),
    "NON-CR/NON-PD": ("noncrnonpd", "noncompleteresponsenonprogressivedisease", "nn", "incompleteresponse", "非cr非pd"),
    "NE": ("notevaluable", "inevaluable", "notassessable", "notassessed", "notdone", "unevaluable")
    + ("不可评价", "不可评估", "无法评价", "无法评估", "不能评价", "未评价"),
    "baseline": ("screening", "pretreatment", "pre", "diagnosis", "c1d1", "before", "prestudy", "cycle1day1")
    + ("基线", "基线期", "筛选期", "治疗前", "入组前"),
    "on_treatment": ("ontreatment", "post", "posttreatment", "during", "c2d1", "c3d1", "week6", "治疗中"),
    "progression": (
        "pd",
        "relapse",
        "eot",
        "endoftreatment",
        "recurrence",
        "atprogression",
        "进展",
        "疾病进展",
        "进展时",
    ),
    "ffpe": ("paraffin", "formalinfixed", "block", "石蜡", "石蜡包埋", "蜡块"),
    "frozen": ("freshfrozen", "ff", "snapfrozen", "冰冻", "冷冻", "新鲜冰冻"),
    "cell_line": ("cells", "cellline"),
    "reverse": ("frfirststrand", "firststrand", "isr", "sr", "rf", "dutp", "reversestranded"),
    "forward": ("frsecondstrand", "secondstrand", "isf", "sf", "fr", "forwardstranded"),
    "unstranded": ("frunstranded", "iu", "u", "none", "no", "nonstranded"),
    "F": ("female", "woman", "w", "frau", "weiblich", "femme", "féminin", "mujer", "女", "女性"),
    "M": ("male", "man", "mann", "männlich", "homme", "masculin", "hombre", "男", "男性"),
    "Y": ("yes", "true", "1", "ja", "oui", "是", "有"),
    "N": ("no", "false", "0", "nein", "non", "否", "无", "没有"),
    "yes": ("y", "true", "1"),
    "no": ("n", "false", "0"),
    "target": ("tl", "targetlesion", "zielläsion", "zielläsionen", "靶病灶"),
    "nontarget": ("ntl", "nontargetlesion", "nichtzielläsion", "nichtzielläsionen", "非靶病灶"),
    "new": ("nl", "newlesion", "新病灶", "新发病灶"),
}
# Letters of Cyrillic and Greek that look like Latin ones, each above the letter that it looks like. Greek letters of
# biology (alpha, beta, gamma, kappa, mu) are none of them: TGFβ and NF-κB are names.
LOOKALIKES = str.maketrans(
    "АВЕЅІЈКМНОРСТУХаеѕіјорсухԁԛԝ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧον",
    "ABESIJKMHOPCTYXaesijopcyxdqw" + "ABEZHIKMNOPTYXov",
)
LETTER = re.compile(r"[^\W\d_]")
MISSING_CODE = re.compile(r"-\d+|99+")  # -9, 999: what old tables write for a name not known
WORD = re.compile(r"[^\W\d_]+")
SPREADSHEET_ERROR = re.compile(r"#(REF|VALUE|NAME|NUM|NULL|DIV/0|SPILL|CALC)[!?]", re.IGNORECASE)
UNSEEN_MARKS = frozenset(map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, *range(0xFE00, 0xFE10))))
DASHES = str.maketrans(
    dict.fromkeys(map(chr, (*range(0x2010, 0x2016), 0x2212, 0x2043, 0x00AD)), "-") | {"’": "'", "‘": "'"}
)
LYMPH_NODE = re.compile(
    r"\blymph[ _-]*nod(e|al)|\bnodes?\b|lymphknoten|ganglions? lymphatique|\badénopathie|ganglios? linfático|linfonod"
    r"|淋巴结",
    re.IGNORECASE,
)
LATIN = re.compile(r"[A-Za-zÀ-ɏ]")
CYRILLIC = re.compile("[\u0400-\u052f]")


def plain_name(text: str) -> str:
    """Return a name in the one form of Unicode that stands for all that look like it (NFKC), each blank once."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def legible(text: str) -> str:
    """Return a text as the eye reads it: letters (NFKC), dashes and blanks in one form each, unseen marks taken out."""
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFKC", text)
    seen = "".join(c for c in plain if unicodedata.category(c) != "Cf" and c not in UNSEEN_MARKS)
    return " ".join(seen.translate(DASHES).split())


def unseen(text: str) -> str | None:
    """Return the first character that cannot be seen, as its code; None when there is none. Blanks are seen."""
    if text.isprintable():
        return None
    odd = (c for c in text if not c.isspace() and unicodedata.category(c) in ("Cc", "Cf", "Cn", "Co", "Cs"))
    first = next(odd, None)
    return None if first is None else f"U+{ord(first):04X}"


def is_unknown(text: str) -> bool:
    """Return whether a cell holds a word for "not known" in place of nothing."""
    return plain_name(text).casefold() in UNKNOWN


def mixed_script(text: str) -> str | None:
    """Return the first word that mixes Latin letters with Cyrillic or Greek ones that look like them."""
    for word in WORD.findall(text):
        foreign = CYRILLIC.search(word) or word.translate(LOOKALIKES) != word
        if foreign and LATIN.search(word):
            return word
    return None


def name_fault(text: str) -> str | None:
    """Return what a name should be when it cannot stand as it is; None when it can."""
    if is_unknown(text):
        return "a name, or nothing where none is known"
    if plain_name(text).casefold() in TRUTHS:
        return "a name, not a truth value of a spreadsheet"
    if mixed_script(text):
        return "letters of one script: one of another looks like a Latin one"
    return text_fault(text, "a name")


def text_fault(text: str, what: str = "a text") -> str | None:
    """Return what a text should be when a spreadsheet's error or a line's end stands in it; None when it can stand."""
    if SPREADSHEET_ERROR.fullmatch(text.strip()):
        return f"{what}, not the error of a spreadsheet"
    if len(text.splitlines()) > 1:
        return f"{what} on one line"
    return None


def is_lymph_node(location: object) -> bool:
    """Return whether the location of a lesion names a lymph node."""
    return isinstance(location, str) and LYMPH_NODE.search(location) is not None


def skeleton(name: str) -> str:
    """Return what the eye takes a name for: without case, and with lookalikes as the Latin letters."""
    return plain_name(name).translate(LOOKALIKES).casefold()


def alike(names: Iterable[str], counts: Mapping[str, int] | None = None) -> dict[str, str]:
    """Find names that differ from another in case alone, or in letters that look the same.

    Parameters
    ----------
    counts : mapping, optional
        How often each name stands; the most frequent spelling is taken for the right one.

    Returns
    -------
    dict of str to str
        By each odd name the one that it is like.
    """
    frequency: Mapping[str, int] = counts or {}
    ordered = sorted(set(names), key=lambda name: (-frequency.get(name, 0), name))
    first: dict[Hashable, str] = {}
    odd = {}
    for name in ordered:
        earlier = first.setdefault(skeleton(name), name)
        if earlier != name:
            odd[name] = earlier
    return odd


def meant_word(text: str, allowed: Sequence[str]) -> str | None:
    """Return the word of a list that another one means: the same in other letters, another word for it, the nearest."""
    folded = fold(text)
    said = [word for word in OTHER_WORDS if folded in OTHER_WORDS[word] and word in allowed]
    return next((word for word in allowed if fold(word) == folded), None) or next(iter(said), nearest(text, allowed))
