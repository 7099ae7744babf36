"""What looks like a direct identifier of a person: in the names of columns and in their values.

A column is refused unless the user allows it by name (``allow_columns`` of the config; for a program that is run by
itself the environment variable ``ANPI_ALLOW_COLUMNS``, names parted by commas). No message repeats a value.

Some forms convict a column by one value: an e-mail address, a national number whose check digits hold. Forms that
other numbers or words may have too convict it only when nearly all its values have them.
"""

from __future__ import annotations

import functools
import os
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd
from stdnum.be import nn
from stdnum.br import cpf
from stdnum.ca import sin
from stdnum.ch import ssn as ahv
from stdnum.cn import ric
from stdnum.de import idnr
from stdnum.dk import cpr
from stdnum.es import dni, nie
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.in_ import aadhaar
from stdnum.it import codicefiscale
from stdnum.kr import rrn
from stdnum.nl import bsn
from stdnum.no import fodselsnummer
from stdnum.pl import pesel
from stdnum.se import personnummer
from stdnum.us import ssn

from anpi.problems import Problem

VARIABLE = "ANPI_ALLOW_COLUMNS"
LEAST_VALUES = 4  # of so many distinct values nearly all must have a form that others may have too
NEARLY_ALL = 0.8
MOST_LOOKED_AT = 500
YEARS_TO_TREATMENT = 18

# Folded names of columns: letters without accents, in lower case, nothing between them.
NAMES: dict[str, str] = {
    "names": """
        name fullname firstname lastname middlename givenname familyname surname maidenname forename initials
        patientname patientsname nameofpatient subjectname participantname subjinit subjectinitials patientinitials
        patinitials ptinitials patname ptname nextofkin emergencycontact nom nomdefamille prenom nomdupatient
        nomdenaissance nomdusage nomprenom nometprenom initiales vorname nachname familienname patientenname
        namevorname nachnamevorname initialen nombre nombreyapellidos cognomeenome nombres apellido apellidos cognome
        nome sobrenome imie nazwisko naam voornaam achternaam fornamn efternamn etternavn имя фамилия фио отчество
        姓名 名字 患者姓名 病人姓名 姓名拼音 氏名 患者氏名 フリガナ 이름 성명 환자명 환자성명
    """,
    "dates of birth": """
        dob birthdate birthday dateofbirth birthdt birthdtc brthdt brthdtc bdate datebirth datedenaissance naissance
        geburtsdatum geburtstag gebdatum fechadenacimiento fechanacimiento datadinascita datanascimento nele neele
        geboortedatum fodelsedatum fodselsdato датарождения 出生日期 出生年月日 出生年月 生日 生年月日 생년월일
    """,
    "record numbers": """
        mrn medicalrecord medicalrecordnumber medicalrecordno hospitalnumber hospitalno hospno hospitalid recordnumber
        recordno chartnumber chartno casenotenumber admissionnumber accountnumber accountno healthplannumber
        insurancenumber insuranceid policynumber numerodossier numerodedossier ndossier fallnummer fallnr aktenzeichen
        krankenversichertennummer krankenkassennummer kvnummer versichertennummer versichertennr nhc historiaclinica
        numerodehistoria 住院号 住院编号 病历号 病历编号 病案号 门诊号 就诊卡号 就诊号 医保号 医保卡号 社保号 患者番号
        診察券番号 カルテ番号 병록번호
    """,
    "phone numbers": """
        phone phonenumber phoneno telephone telephonenumber tel telno mobile mobilephone mobilenumber cellphone fax
        faxnumber homephone telefon telefonnummer telefonnr telnr handy handynr handynummer mobil mobilnummer
        mobiltelefon telefono telefone movil celular telephoneportable telefoonnummer телефон 电话 电话号码 联系电话
        手机 手机号 手机号码 联系方式 传真 座机 微信 微信号 wechat wechatid qq qq号 電話 電話番号 전화 전화번호 휴대폰
    """,
    "e-mail addresses": """
        email emailaddress mail mailaddress courriel correo correoelectronico epost 邮箱 电子邮件 电子邮箱 メール
        メールアドレス 이메일
    """,
    "postal addresses": """
        address homeaddress streetaddress postaladdress street streetname housenumber postcode postalcode zip zipcode
        adresse anschrift wohnort strasse hausnummer huisnummer plz postleitzahl rue codepostal direccion calle
        codigopostal indirizzo endereco adres адрес 地址 住址 家庭住址 家庭地址 联系地址 户籍地址 通讯地址 邮编
        邮政编码 住所 郵便番号 주소 우편번호
    """,
    "national ids": """
        ssn socialsecurity socialsecuritynumber nationalid nationalidnumber nationalnumber identitycard idcard
        idcardnumber passport passportnumber nhsnumber nhsno nhs nir numerosecu numerodesecuritesociale
        nsecuritesociale numeroinsee nif cprnumber cprnr cprnummer personnummer fodselsnummer henkilotunnus dni nie
        codicefiscale cpf pesel burgerservicenummer bsn aadhaar aadhaarnumber rrn driverslicense driverlicense
        driverslicence licenseplate licenceplate personalausweisnummer 公民身份号码 снилс паспорт 주민번호 身份证
        身份证号 身份证号码 证件号 证件号码 护照 护照号 社会保障号 マイナンバー 주민등록번호
    """,
}
KIND_OF_NAME = {name: kind for kind, names in NAMES.items() for name in names.split()}
# Words that give a column away as a word of its name, and those that do so inside any other.
WORDS = {"phone": "phone numbers", "fax": "phone numbers", "surname": "names", "dob": "dates of birth"} | {
    "mrn": "record numbers", "ssn": "national ids", "passport": "national ids", "postcode": "postal addresses",
}  # fmt: skip
INSIDE = re.compile(
    "dateofbirth|birthdate|geburtsdatum|firstname|lastname|medicalrecord|socialsecurity|postalcode|telephone|phonenumber"
    "|email|historiaclinica|姓名|身份证|公民身份号码|电话|手机|住院号|住院编号|病历号|病历编号|病案号|出生日期|住址|地址|邮编"
)

# From the beginning of a word: else a long cell without @ takes time by the square of its length.
EMAIL = r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
MONTHS = "jan|feb|fév|mar|mär|mrz|apr|avr|ma[iy]|jun|juin|jul|juil|aug|aoû|sep|o[ck]t|nov|de[cz]|déc"
# A date whose month is a word, as 1 Feb 1950, 1. März 1950, 01FEB1950 and 1-Feb-50.
WORDED_DAY = rf"\d{{1,2}}(?:st|nd|rd|th|er)?[-. ]{{0,2}}(?:{MONTHS})[^\W\d_]*(?:[-., ]{{0,2}}\d{{4}}|-\d\d)(?!\d)"
# In Chinese, no blank stands between words and numbers: letters of ASCII alone end a number.
PHONE = (
    r"(?<![A-Za-z0-9_-])(?:\+\d[\d ().-]{7,15}\d|(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}"
    r"|0[1-9](?:[ .]\d{2}){4})(?![A-Za-z0-9_-])"
)
NUMBER_LABELS = (
    r"\b(?:mrn|ssn|tel|telefon|telephone|tél|téléphone|phone|mobile|handy|fax|fallnummer|hospital n(?:o|umber)|nhs no)"
    r"\b"
    r"|病历号|病案号|住院号|门诊号|就诊号|医保号|身份证(?:号码?)?|电话(?:号码)?|手机(?:号码?)?|联系方式"
)
NO_DATE = r"(?!\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d)"
TEXT_LABELS = r"\b(?:dob|patient(?:en)?[ _-]?name|surname|nachname|vorname|prénom)\b|姓名|出生日期|地址"
LABELLED = (
    rf"(?i)(?:{NUMBER_LABELS}|{TEXT_LABELS})\.?\s*[:：#=]\s*\w"
    rf"|(?:{NUMBER_LABELS})\.?\s*(?:n[or]\b\.?)?\s*{NO_DATE}[+(]?\d[\d /().-]{{4,}}\d|\bmrn[-_]?\d{{5}}"
)
BORN = (
    r"(?i)\b(?:(?:born|date of birth|dob|geboren|née? le|nacid[oa](?: el)?|nat[oa] il)\b(?:\W{0,3}(?:on|in|am)\b)?"
    rf"|geb\.(?: ?am\b)?)\W{{0,3}}(?:\d|(?:{MONTHS})[a-z]*\W{{1,2}}\d)"
    r"|(?:出生(?:日期|于)?|生于)\W{0,2}\d{4}|\d{4}年\d{1,2}月(?:\d{1,2}日)?(?:出)?生"
)
ADDRESS = (
    r"\b\d{1,5} [A-Z][a-z]+(?: [A-Z][a-z]+)? (?:Street|St|Avenue|Ave|Road|Rd|Lane|Drive|Boulevard|Blvd)\b"
    r"|\b[A-ZÄÖÜ][a-zäöüß]+(?:straße|strasse|str\.|weg|platz|gasse) \d+|[省市区县].{0,12}[路街道巷村].{0,8}号"
)
SOCIAL = r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])"
Check = Callable[[str], bool]


def chinese_number(number: str) -> bool:
    """Return whether digits, date and place of a Chinese number hold; of some provinces the library knows no county."""
    try:
        return ric.is_valid(number)
    except KeyError:
        return 1900 <= int(number[6:10]) <= date.today().year


# National numbers in running text: their form, and the library's check of digits and dates.
NUMBERS: tuple[tuple[str, Check], ...] = (
    (r"(?<![\w.])\d{17}[\dXx](?!\w)", chinese_number),
    (r"(?<![\w.])[12] ?\d{2} ?\d{2} ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2}(?!\w)", nir.is_valid),
    (r"(?<![\w.])\d{6} ?\d{5}(?!\w)", fodselsnummer.is_valid),
    (r"(?<![\w.])\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}(?!\w)", nn.is_valid),
    (r"(?<![\w.])\d{6}[-+A]\d{3}[0-9A-FHJ-NPR-Y](?![\w-])", hetu.is_valid),
    (r"(?<![\w.])[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z](?!\w)", codicefiscale.is_valid),
    (r"(?<![\w.])\d{6}-\d{7}(?!\w)", rrn.is_valid),
    (r"(?<![\w.])\d{3}\.\d{3}\.\d{3}-\d{2}(?!\w)", cpf.is_valid),
    (r"(?<![\w.])756\.?\d{4}\.?\d{4}\.?\d{2}(?!\w)", ahv.is_valid),
    (r"(?<![\w-])\d{3}[ -]\d{3}[ -]\d{4}(?![\w-])", nhs.is_valid),
)


def dated(number: str) -> bool:
    """Return whether a Danish number holds by its check digit too, which those born before 2007 have."""
    return cpr.is_valid(number) and cpr.checksum(cpr.compact(number)) == 0


# Whole values whose check is weak: about one in ten numbers of the same length passes by chance.
WEAK_NUMBERS: tuple[tuple[str, Check], ...] = (
    (r"\d{10}", nhs.is_valid),
    (r"\d{6}-?\d{4}", dated),
    (r"(?:\d{2})?\d{6}[-+]?\d{4}", personnummer.is_valid),
    (r"\d{8}-?[A-Z]", dni.is_valid),
    (r"[XYZ]-?\d{7}-?[A-Z]", nie.is_valid),
    (r"\d{11}", pesel.is_valid),
    (r"\d{11}", idnr.is_valid),
    (r"\d{11}", nn.is_valid),
    (r"\d{4} ?\d{4} ?\d{4}", aadhaar.is_valid),
    (r"\d{9}", bsn.is_valid),
    (r"\d{3}[ -]?\d{3}[ -]?\d{3}", sin.is_valid),
)
MOBILE = r"(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}"
BRITISH_POSTCODE = r"[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}"
PERSON = r"[A-Z][a-z]+(?:[-'][A-Z][a-z]+)?,? (?:[A-Z]\.? )?[A-Z][a-z]+(?:[-'][A-Z][a-z]+)?"
SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔"
    "白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文張劉陳楊趙黃吳孫馬羅鄭謝韓馮許蘇盧蔣賈葉閻鍾譚鄒陸龍萬錢湯賀賴龔"
)
CHINESE = f"[{SURNAMES}][\u4e00-\u9fff]{{1,3}}"
TITLE = (
    r"\b(?:Mr|Mrs|Ms|Miss|Herr|Frau|Mme|Madame|Monsieur)\.? [A-ZÀ-ÖØ-Þ][^\W\d_]+"
    f"|[{SURNAMES}][\u4e00-\u9fff]{{0,2}}(?:先生|女士|小姐)"
)
# An id that is a name: JohnSmith, John-Smith, john.smith, SMITH JOHN.
NAME_AS_ID = rf"[A-Z][a-z]+[A-Z][a-z]+|[^\W\d_]{{2,}}(?:,? +[^\W\d_]{{2,}})+|{CHINESE}" + "".join(
    rf"|{part}(?:[._-]{part}){{1,2}}" for part in ("[A-Z][a-z]{2,}", "[a-z]{3,}", "[A-Z]{3,}")
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
# An id that holds a date of birth, as initials with 19500201, or a hospital's record number with its label.
BIRTH_IN_ID = r"(?<!\d)19\d\d[-_.]?(?:0[1-9]|1[0-2])[-_.]?(?:0[1-9]|[12]\d|3[01])(?!\d)"
RECORD_AS_ID = r"(?i)mrn[-_.]?\d{5,}"
NEWEST_SHORT_YEAR = 30  # 31 is 1931, 30 is 2030


@contextmanager
def allowing(columns: Sequence[str]) -> Iterator[None]:
    """Allow columns, each written table.column, as long as the block lasts, beside those of the environment."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = ",".join(sorted({*allowed_columns(), *columns}))
    try:
        yield
    finally:
        del os.environ[VARIABLE]
        if before is not None:
            os.environ[VARIABLE] = before


def allowed_columns() -> set[str]:
    """Return the columns that the user allows, each written table.column."""
    return {name.strip() for name in os.environ.get(VARIABLE, "").split(",") if name.strip()}


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
            kind, rows = kind_of_values(frame[column], column, rule is None, start)
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


def plain_letters(text: str) -> str:
    """Take the accents from letters."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", plain.replace("ß", "ss").translate(str.maketrans("øØłŁđĐ", "oOlLdD")))


def fold_name(column: str) -> str:
    """Reduce a column's name to its letters, without accents and in lower case."""
    plain = unicodedata.normalize("NFKD", column).lower().replace("ß", "ss").replace("ø", "o")
    # Korean syllables were taken apart with the accents.
    return unicodedata.normalize("NFC", "".join(c for c in plain if c.isalnum()))


KIND_OF_FOLDED = {fold_name(name): kind for name, kind in KIND_OF_NAME.items()}


def kind_of_name(column: str) -> str | None:
    """Return the kind of identifier that a column's name tells, or None."""
    folded = fold_name(column).rstrip("0123456789")
    if folded in KIND_OF_FOLDED:
        return KIND_OF_FOLDED[folded]
    words = map(fold_name, re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])", column))
    inside = INSIDE.search(folded)
    return next((WORDS[word] for word in words if word in WORDS), KIND_OF_FOLDED[inside[0]] if inside else None)


def kind_of_values(values: pd.Series, column: str, extra: bool, start: int | None) -> tuple[str | None, list[object]]:
    """Return the kind of identifier that the values are, and the rows in which they stand."""
    distinct = sorted(values.dropna().unique())
    # Of a column of such numbers alone, trial ids are told from social security numbers below.
    numbered = len(distinct) >= LEAST_VALUES and all(re.fullmatch(SOCIAL, text) for text in distinct)
    is_id = column.endswith("_id") or column == "USUBJID" or numbered
    is_path = not extra and column in ("fastq_1", "fastq_2", "bam", "quant")
    for text in distinct:
        kind = kind_of_text(text, is_id, is_path)
        if kind is not None:
            shown = [index for index, value in values.items() if value == text or kind_of_text(value, is_id, is_path)]
            return kind, shown
    if is_path:
        return None, []
    if column == "patient_id":
        named = [index for index, value in values.items() if value is not None and re.fullmatch(NAME_AS_ID, value)]
        if named:
            return "names", named
    if is_id and len(distinct) >= LEAST_VALUES and social_numbers(distinct):
        return "national ids", []
    sample = distinct[:: max(1, len(distinct) // MOST_LOOKED_AT)]
    if len(sample) < LEAST_VALUES:
        return None, []
    return kind_of_most(sample, values, extra, is_id, start), []


def kind_of_text(text: str | None, is_id: bool = False, is_path: bool = False) -> str | None:
    """Return the kind of identifier that stands in a text, by forms that nothing else has; None for none."""
    if text is None or len(text) < 5:
        return None
    if any(check(found.strip()) for form, check in NUMBERS for found in re.findall(form, text, re.ASCII)):
        return "national ids"
    if is_path:
        return None
    forms: tuple[tuple[str, str], ...] = ((EMAIL, "e-mail addresses"),)
    if not is_id:
        forms += (
            (PHONE, "phone numbers"),
            (BORN, "dates of birth"),
            (ADDRESS, "postal addresses"),
            (TITLE, "names"),
            (LABELLED, "names, numbers or addresses with their label"),
        )
        if any(ssn.is_valid(found) for found in re.findall(SOCIAL, text)):
            return "national ids"
    return next((kind for form, kind in forms if re.search(form, text)), None)


def social_numbers(ids: Sequence[str]) -> bool:
    """Return whether ids are social security numbers; trials write site and subject the same way, sites repeat."""
    found = [text for text in ids if re.fullmatch(SOCIAL, text) and ssn.is_valid(text)]
    return len(found) >= NEARLY_ALL * len(ids) and len({text[:6] for text in found}) > NEARLY_ALL * len(found)


def kind_of_most(sample: Sequence[str], values: pd.Series, extra: bool, is_id: bool, start: int | None) -> str | None:
    """Return the kind of identifier that nearly all values of a column have the form of; None for none."""

    def most(test: Check) -> bool:
        return sum(map(test, sample)) >= NEARLY_ALL * len(sample)

    for form, check in WEAK_NUMBERS:
        if most(functools.partial(fits, form, check)):
            return "national ids"
    if most(lambda text: re.fullmatch(MOBILE, text) is not None):
        return "phone numbers"
    if is_id and most(lambda text: re.search(BIRTH_IN_ID, text) is not None):
        return "dates of birth"
    if is_id and most(lambda text: re.fullmatch(RECORD_AS_ID, text) is not None):
        return "record numbers"
    if is_id or not extra:
        return None
    if most(lambda text: re.fullmatch(BRITISH_POSTCODE, text) is not None):
        return "postal addresses"
    if most(lambda text: re.fullmatch(CHINESE, text) is not None):
        return "names"
    unlike = len(sample) >= NEARLY_ALL * min(values.notna().sum(), MOST_LOOKED_AT)
    if unlike and most(lambda text: re.fullmatch(PERSON, plain_letters(text)) is not None):
        return "names"
    years = [year for year in map(year_of, sample) if year is not None]
    if len(years) >= NEARLY_ALL * len(sample):
        latest = sorted(years)[int(NEARLY_ALL * (len(years) - 1))]
        if latest <= (start or 2010) - YEARS_TO_TREATMENT:
            return "dates of birth"
    return None


def fits(form: str, check: Check, text: str) -> bool:
    return re.fullmatch(form, text) is not None and check(text)


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
    known = int(year) if len(year) > 2 else int(year) + (2000 if int(year) <= NEWEST_SHORT_YEAR else 1900)
    return known if 1900 <= known <= date.max.year else None


def treatment_year(frame: pd.DataFrame) -> int | None:
    """Return the first year of treatment that the table holds, for telling dates of birth from other dates."""
    for column in ("treatment_start_date", "TRTSDT", "assessment_date", "start_date", "collection_date"):
        years = [year_of(text) for text in frame.get(column, pd.Series(dtype=object)).dropna().unique()]
        known = [year for year in years if year is not None]
        if known:
            return min(known)
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
    found = problem.found
    if found is None:
        return problem
    is_id = problem.column is not None and problem.column.endswith("_id")
    names = NAME_AS_ID if problem.column in ("patient_id", "sample_id") else CHINESE
    is_person = bool(re.fullmatch(rf"{names}|{MOBILE}", found)) or (not is_word and looks_like_person(found))
    is_day = not is_date and bool(ANY_DAY.search(found) or DAY.fullmatch(found))
    if not (is_person or is_day or kind_of_text(found, is_id)):
        return problem
    told = "found a value that is not shown, for it may identify a person"
    return replace(problem, found=None, mend=None, message=f"{problem.message}, {told}" if problem.message else told)


def looks_like_person(name: str) -> bool:
    """Return whether the name of a sample is that of a person, or a number or address of one."""
    return (
        kind_of_text(name, is_id=True) is not None
        or re.fullmatch(rf"{PERSON}|{CHINESE}", plain_letters(name)) is not None
    )


def holds_values(header: Sequence[str]) -> bool:
    """Return whether what should be a header is a row of data."""
    return any(ANY_DAY.search(cell) or kind_of_text(cell) for cell in header)
