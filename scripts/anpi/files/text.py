"""Text files of any hand, read as a whole or refused in words."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from pathlib import Path

from anpi.files.plain import MOST_BYTES, read_bounded
from anpi.files.sheet import WORKBOOKS
from anpi.problems import InputError, Problem, missing_file

DOCUMENTS = {
    b"PK\x03\x04": "an Excel workbook (or another zip file)",
    b"\xd0\xcf\x11\xe0": "an Excel workbook of the old kind (.xls)",
    b"%PDF": "a PDF",
    b"HEADER RECORD**": "a SAS transport file",
}
LONG_RUN = 4  # bytes above 127 in a row: words of western Europe hold fewer accents
COMMON_PAIRS = re.compile(rb"(?:[\xb0-\xd7][\xa1-\xfe])+")
WITHIN_A_WORD = re.compile(rb"[A-Za-z][\x80-\xff]+[A-Za-z]")
LAST_HANGUL = 0xC8  # of first bytes of Korean letters in EUC-KR, which GBK has for half of the common characters
SAVE_SHEET = "Save the sheet as CSV UTF-8."


def read_text(path: Path | str, most: int | None = None) -> str:
    """Read a UTF-8 text file, gzipped or not, of at most so many bytes."""
    name = str(path)
    try:
        content = read_bounded(path, min(MOST_BYTES, most or MOST_BYTES))
        refuse_workbook(name, content)
        return content.decode(declared_encoding(content))
    except FileNotFoundError:
        raise InputError(missing_file(path)) from None
    except IsADirectoryError:
        raise InputError(Problem(name, "is a folder", expected="a file")) from None
    except UnicodeDecodeError:
        raise InputError(Problem(name, "not UTF-8 text", mend="Save the file as CSV UTF-8.")) from None
    except ValueError as error:  # a path that no file can have
        raise InputError(Problem(name, f"cannot be read: {error}")) from None
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise InputError(Problem(name, "the gzip file is damaged or cut short", mend="Copy it again.")) from None
    except OSError as error:
        raise InputError(Problem(name, f"cannot be read: {error.strerror}")) from None


def declared_encoding(content: bytes) -> str:
    """Return the encoding that a byte order mark declares; UTF-8 without one."""
    marks = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
    return marks.get(content[:2], "utf-8-sig")


def decoded(name: str, content: bytes) -> tuple[str, str]:
    """Return bytes that are no UTF-8 as text, with the name of their encoding: that of Windows in Europe or in China.

    Any bytes are text of either, so what they make must look like it: words of western Europe are hardly ever of
    accents alone, and characters of Chinese are nearly all of those that are most common, which GBK holds together.

    Raises
    ------
    InputError
        Bytes of neither, such as Big5, Shift JIS, or Cyrillic.
    """
    runs = re.findall(rb"[\x80-\xff]+", content)
    western = content.decode("cp1252", errors="replace")
    pairs = all(COMMON_PAIRS.fullmatch(run) for run in runs) and not WITHIN_A_WORD.search(content)
    if not pairs and all(len(run) < LONG_RUN for run in runs) and "\ufffd" not in western:
        return "Windows-1252", western
    chinese = content.decode("gb18030", errors="replace")
    signs = [sign.encode("gb18030") for sign in dict.fromkeys(chinese) if sign > "\x7f" and sign != "\ufffd"]
    common = [sign for sign in signs if len(sign) == 2 and 0xB0 <= sign[0] < 0xD8 and sign[1] > 0xA0]
    others = [sign for sign in signs if sign not in common and not 0xA1 <= sign[0] <= 0xA3]
    late = [sign for sign in common if sign[0] > LAST_HANGUL]
    if common and "\ufffd" not in chinese and 9 * len(others) <= len(common) and late:
        return "GBK", chinese
    expected = "UTF-8, UTF-16, Windows-1252 or GBK"
    raise InputError(Problem(name, "not UTF-8 text", expected=expected, mend="Save the file as CSV UTF-8."))


def refuse_workbook(name: str, content: bytes) -> None:
    """Refuse what a spreadsheet program saves as its own, and other documents that are no table of text."""
    for start, what in DOCUMENTS.items():
        if content.startswith(start):
            mend = "Give the table as CSV UTF-8."
            if "workbook" in what:
                mend = f"Save the sheet as CSV UTF-8, or name the sheet: {name}#Sheet1." if xlsx(name) else SAVE_SHEET
            raise InputError(Problem(name, f"this is {what}", expected="a table of text", mend=mend))


def xlsx(name: str) -> bool:
    return name.lower().endswith(WORKBOOKS)
