# ruff: noqa: E501, SIM905
"""Direct identifiers are told by name and by value, nothing else is, and no message holds one."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anpi.check import check_run
from anpi.problems import InputError
from anpi.tables.adam import convert_adam, read_adam
from anpi.tables.allowed import allowing
from anpi.tables.clinical import read_clinical
from anpi.tables.identifiers import (
    identifier_problems,
    kind_of_name,
    kind_of_path,
    kind_of_text,
    kind_of_values,
    year_of,
)
from anpi.tables.reading import read_table, read_text_table
from anpi.tables.schema import load_schema
from demo.clinical import simulate_clinical

PAGE = (Path(__file__).parents[3] / "docs" / "security.md").read_text(encoding="utf-8")
NAMES = {
    "names": "name|Patient Name|first_name|LastName|SURNAME|initials|Nachname|prénom|apellidos|Фамилия|姓名|患者姓名|氏名|성명|Pat_Name|Name, Vorname|Nom, prénom|pat_initials|next of kin",
    "dates of birth": "dob|birth_date|Date of Birth|BRTHDTC|Geburtsdatum|date_de_naissance|出生日期|生年月日|patient_date_of_birth|né(e) le",
    "record numbers": "MRN|hospital_number|medical record no.|patient_mrn|住院号|病历号|病案号|Fallnummer|numéro_dossier|住院编号|病历编号|hosp_no|Fall-Nr.|Krankenkassennummer|N° dossier",
    "phone numbers": "phone|Telephone|mobile_number|home_phone|fax|patientPhone|电话|联系电话|手机号|Telefonnummer|電話番号|微信号|Telefon-Nr.|Handy|座机",
    "e-mail addresses": "email|E-Mail|e_mail_address|邮箱|courriel",
    "postal addresses": "address|home_address|zip|Postcode|postal code|PLZ|Straße|地址|家庭住址|邮编|dirección|Wohnort",
    "national ids": "SSN|social_security_number|national_id|NHS number|身份证|身份证号码|passport_no|fødselsnummer|DNI|codice fiscale|公民身份号码|N° sécurité sociale|паспорт",
}
NAMES_TOLD_BY = {
    "names": "姓|患者|病人|联系人|nickname|contact",
    "dates of birth": "出生",
    "national ids": "证件",
    "photographs": "photo",
    "web addresses": "url",
    "ip addresses": "ip_address",
    "device ids": "device_id",
    "biometric ids": "fingerprint",
}
NO_NAMES = """patient_nr subject_id age birth_year smoking_status bmi specimen_address_code histology site_name arm_name
drug_name file_name stage telomere_length phonation nomogram nominal cpr zipper rna_free mailing mobility addressed
dose_mg cell_line batch_2 restart_date tumor_name_code titel fill_date adrenal streets cognate photon urlacher plate
accession gsm_accession serial_biopsy contact_lens vehicle_control relative_dose ip_reaction district image""".split()
# Numbers that their issuers print as specimens, or that their documentation works out.
STRONG = {
    "national ids": [
        "11010519491231002X",
        "id 11010519491231002X.",
        "2 95 10 99 126 111 93",
        "943 476 5919",
        "RCCMNL83S18D969H",
        "131052-308T",
        "756.9217.0769.85",
        "536-90-4399",
        "身份证11010519491231002X号",
    ],
    "phone numbers": [
        "call +86 138 1234 5678",
        "(555) 123-4567",
        "+49 30 901820",
        "212-555-0187",
        "致电+8613812345678",
        "06 12 34 56 78",
        "tel: 5551234",
        "Tel. 0711 123456",
        "Telefon 0711/123456",
        "手机13812345678",
    ],
    "e-mail addresses": ["write to jane.doe@example.org please", "a_b@mail.example.cn"],
    "postal addresses": ["lives at 12 Baker Street", "Lindenstraße 7", "北京市海淀区中关村大街27号", "9 Old Mill Road"],
    "names": [
        "Mrs. Smith came",
        "Frau Schmidt",
        "Herr Müller",
        "Frau Özdemir",
        "Madame Lefèvre",
        "王芳女士来电",
        "姓名：张伟",
        "Patient name: J. S.",
    ],
    "dates of birth": [
        "born 12.3.1950",
        "DOB 1950-01-02",
        "1956年3月生",
        "geb. 1.2.1950",
        "geboren am 1.2.1950",
        "born on March 12, 1950",
        "出生于1956年3月",
        "née le 1/2/1950",
    ],
    "record numbers": [
        "MRN: 123456",
        "住院号:778899",
        "MRN 123456",
        "MRN123456",
        "门诊号 778899",
        "Fallnummer 1234567",
        "Fall-Nr.: 445566",
        "NHC 123456",
    ],
}
NO_VALUES = """01-701-1015|P001|NSCLC-12|2024-01-05|1234567890123|SRR1039508|12.5|Lung, left lower lobe|Week 12 Day 1|CTCAE v5.0|
TCGA-05-4244-01A-01R-1107-07|1e-12|0.12345678901|NC_000023.11|chr7:55191822|T790M|PD-L1 1+|3/5/2|Grade 3-4|born premature|
reads/230412_A00123_0456_AHXYZ/P1_S1_L001_R1_001.fastq.gz|9434765918|11010519491231002Y|131052-308A|
Placebo (0 mg) 2-3-4|101-01-0001-A|5-FU 400 mg/m2|α-fetoprotein|进展|高血压|12 Gy|phone 2024-01-05|Tel. 12.3.2024|born early|
电话随访|Frau|手机|01 Mar 2024|215662428007178868""".replace("\n", "").split("|")  # fmt: skip


@pytest.mark.parametrize("kind", NAMES | NAMES_TOLD_BY)
def test_names_of_columns_tell_identifiers_in_many_languages(kind):
    for column in (*NAMES.get(kind, "").split("|"), *NAMES_TOLD_BY.get(kind, "").split("|")):
        assert kind_of_name(column) == (kind if column else None), column


def test_other_names_of_columns_do_not():
    assert [column for column in NO_NAMES if kind_of_name(column)] == []
    for table in ("patients", "samples", "units", "assessments", "lesions", "therapies", "adverse_events"):
        schema = load_schema(table)
        frame = pd.DataFrame(columns=list(schema["properties"]), dtype=object)
        assert identifier_problems(frame, schema, table, "x") == []


@pytest.mark.parametrize("kind", STRONG)
def test_one_value_tells_a_column(kind):
    for text in STRONG[kind]:
        assert kind_of_text(text) == kind, text


def test_other_values_do_not():
    assert [text for text in NO_VALUES if kind_of_text(text)] == []


def nhs_numbers(count: int) -> list[str]:
    """Make numbers by the published rule: weights 10 to 2, eleven less the remainder by 11."""
    made = []
    for number in range(400000000, 400000000 + 7 * count, 7):
        digit = 11 - sum(int(d) * w for d, w in zip(str(number), range(10, 1, -1), strict=True)) % 11
        if digit != 10:
            made.append(f"{number}{0 if digit == 11 else digit}")
    return made


MANY = {
    "national ids": nhs_numbers(20),
    "phone numbers": [f"139{number:08d}" for number in range(12345, 12365)],
    "postal addresses": ["SW1A 1AA", "M1 1AE", "EC1A 1BB", "W1A 0AX", "CR2 6XH", "DN55 1PT"],
    "names": [
        "John Smith",
        "Mary Jones",
        "Wei Zhang",
        "Anna Müller".replace("ü", "u"),
        "Li Na",
        "Peter O'Brien".replace("O'B", "B"),
    ],
    "dates of birth": [f"{year}-0{year % 9 + 1}-17" for year in range(1940, 1970)],
}
TOLD_BY_ONE = {"phone numbers", "postal addresses", "names"}
BIRTHS = {
    "SAS": "01FEB1950|13NOV1948|07JUL1961|30MAR1955|02DEC1949|11OCT1950",
    "in words": "1 Feb 1950|13. November 1948|7. Juli 1961|30. März 1955|2 décembre 1949",
    "American": "Feb 1, 1950|November 13, 1948|July 7, 1961|March 30, 1955|Dec. 2, 1949",
    "Chinese": "1950年2月1日|1948年11月13日|1961年7月7日|1955年3月|1949年12月2日",
    "a Chinese spreadsheet": "1950/2/1|1948/11/13|1961/7/7|1955/3/30|1949/12/2",
    "two digits of the year": "1.2.50|13.11.48|7.7.61|30.3.55|2.12.49",
    "with a clock": "1950-02-01T00:00:00|1948-11-13 00:00|1961-07-07T12:30|1955-03-30 00:00:00",
}


@pytest.mark.parametrize("form", BIRTHS)
def test_dates_of_birth_are_told_in_any_usual_form(form: str):
    births = BIRTHS[form].split("|")
    frame = pd.DataFrame({"treatment_start_date": "2023-05-01", "extra": births}, dtype=object)
    problems = identifier_problems(frame, load_schema("patients"), "patients", "x")
    assert [problem.message for problem in problems] == ["looks like a direct identifier: dates of birth"]
    assert year_of(births[0]) == 1950


def test_dates_of_the_trial_are_no_dates_of_birth():
    for values in ("01FEB2024|13NOV2023|07JUL2023|30MAR2024", "1.2.24|13.11.23|7.7.23|30.3.24", "2024/2/1|2023/7/7"):
        frame = pd.DataFrame({"treatment_start_date": "2023-05-01", "extra": values.split("|")}, dtype=object)
        assert identifier_problems(frame, load_schema("patients"), "patients", "x") == []


def test_names_with_accents_tell_a_column():
    for names in (
        "Anna Schmidt|Hans Müller|Eva Groß|Lukas Köhler|Ute Maier",
        "Jean-Pierre Dupont|Élodie Lefèvre|François Côté|Zoé Béart|Łukasz Nowak",
    ):
        frame = pd.DataFrame({"extra": names.split("|")}, dtype=object)
        assert [p.message.split(" (")[0] for p in identifier_problems(frame, {}, "patients", "x")] == [
            "looks like a direct identifier: names"
        ]


def test_a_number_of_which_the_library_knows_no_county_ends_nothing():
    numbers = ["215662428007178868", "462989682412071929", "AB1", "AB2"]  # on these it raises a KeyError
    frame = pd.DataFrame({"barcode": numbers}, dtype=object)
    assert identifier_problems(frame, {}, "samples", "x") == []


def test_screening_numbers_in_a_column_of_their_own_are_no_social_security_numbers():
    sites = [f"{site}-01-{subject:04d}" for site in ("101", "102", "103") for subject in range(1, 8)]
    numbers = [f"{area}-{area % 89 + 10}-{area * 7}" for area in range(200, 221)]
    for values, wrong in ((sites, 0), (numbers, 1)):
        frame = pd.DataFrame({"screening": values}, dtype=object)
        assert len(identifier_problems(frame, {}, "patients", "x")) == wrong


@pytest.mark.parametrize("birth", ["01FEB1950", "1-Feb-50", "1950年2月1日", "2. März 1950", "19500201", "1.2.50"])
def test_a_date_in_words_where_no_date_belongs_is_not_shown(tmp_path: Path, birth: str):
    (tmp_path / "patients.csv").write_text(f"patient_id,arm,age\nP1,A,{birth}\n", encoding="utf-8")
    with pytest.raises(InputError, match="column age: found a value that is not shown") as caught:
        read_clinical({"patients": tmp_path / "patients.csv"})
    assert birth not in str(caught.value)


CHINESE = ["张伟", "王芳", "李秀英", "刘洋", "陈静"]


@pytest.mark.parametrize("kind", MANY)
def test_nearly_all_values_tell_a_column_and_a_few_do_not(kind):
    def told(values: list[str]) -> list[str]:
        frame = pd.DataFrame({"patient_id": [f"P{n}" for n in range(len(values))], "extra": values}, dtype=object)
        problems = identifier_problems(frame, load_schema("patients"), "patients", "patients.csv")
        assert not any(value in str(problem) for value in values for problem in problems)
        return [problem.message.split(" (")[0] for problem in problems]

    assert told(MANY[kind]) == [f"looks like a direct identifier: {kind}"]
    few = told([*MANY[kind][:3], *(f"value {n}" for n in range(9))])
    assert few == (told(MANY[kind]) if kind in TOLD_BY_ONE else [])


def test_short_phone_numbers_tell_a_column_and_numbers_of_sites_and_subjects_do_not():
    phones = pd.Series(["555-1234", "876-5432", "302-0199", "641-0020", "288-4410"])
    subjects = pd.Series(["201-0001", "201-0002", "202-0001", "202-0002", "203-0001"])
    assert kind_of_values(phones, "reach", None, None)[0] == "phone numbers"
    assert kind_of_values(subjects, "screening_no", None, None)[0] is None


def test_chinese_names_tell_a_column_and_diagnoses_do_not():
    for values, number in ((CHINESE, 1), (["高血压", "黄疸", "脑转移", "肝转移", "贫血", "白细胞减少"], 0)):
        frame = pd.DataFrame({"extra": values}, dtype=object)
        assert len(identifier_problems(frame, {}, "patients", "x")) == number


def test_numbers_drawn_at_random_do_not_tell_a_column():
    rng = np.random.default_rng(8)
    for digits in (8, 9, 10, 11, 12):
        frame = pd.DataFrame(
            {f"c{n}": rng.integers(10 ** (digits - 1), 10**digits, 30).astype(str) for n in range(60)}, dtype=object
        )
        assert identifier_problems(frame, {}, "patients", "x") == []


@pytest.mark.parametrize(
    "name", ["John Smith", "JohnSmith", "Smith, John", "john_smith", "SMITH JOHN", "张伟", "11010519491231002X"]
)
def test_an_id_that_is_a_name_or_a_national_number_is_refused_and_not_shown(tmp_path, name):
    (tmp_path / "patients.csv").write_text(f'patient_id,arm\nP1,A\n"{name}",A\n', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_table(tmp_path / "patients.csv", "patients")
    assert name not in str(caught.value)
    assert "column patient_id: looks like a direct identifier" in str(caught.value)
    assert "(1 row, the first is 3). Give ids of the trial" in str(caught.value)


@pytest.mark.parametrize(
    ("ids", "kind"),
    [
        ("HM19500201|EG19610707|LK19550330|UM19491202", "dates of birth"),
        ("HM_1950-02-01|EG_1961-07-07|LK_1955-03-30|UM_1949-12-02", "dates of birth"),
        ("MRN1234567|MRN1234568|MRN2234567|MRN-3234567", "record numbers"),
        ("101-19001|101-19002|102-19001|102-19002", None),
        ("SRR19500201|P001|P002|P003|P004", None),
        ("20230501-01|20230502-01|20230503-02|20230504-01", None),
        ("19010001|19010002|19020001|19020002", None),
    ],
)
def test_ids_made_of_births_or_record_numbers_are_told(ids: str, kind: str | None):
    frame = pd.DataFrame({"patient_id": ids.split("|"), "arm": "A"}, dtype=object)
    problems = identifier_problems(frame, load_schema("patients"), "patients", "x")
    assert [problem.message for problem in problems] == ([f"looks like a direct identifier: {kind}"] if kind else [])


def test_trial_ids_written_as_social_security_numbers_are_known_by_their_sites(tmp_path):
    sites = [f"{site}-01-{subject:04d}" for site in ("101", "102", "103") for subject in range(1, 8)]
    numbers = [f"{area}-{area % 89 + 10}-{area * 7}" for area in range(200, 221)]
    for ids, wrong in ((sites, 0), (numbers, 1)):
        frame = pd.DataFrame({"patient_id": ids, "arm": "A"}, dtype=object)
        assert len(identifier_problems(frame, load_schema("patients"), "patients", "x")) == wrong


def test_no_other_fault_of_a_table_shows_a_value_of_a_person(tmp_path):
    text = "patient_id,arm,sex,age,death_date,Birth Date,remark\n"
    text += "P1,A,张伟,1950-03-04,2024-13-40,17/3/1950,call 212-555-0187\nP2,A,jane.doe@example.org,61,,1951-13-01,no\n"
    (tmp_path / "patients.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_clinical({"patients": tmp_path / "patients.csv"})
    said = str(caught.value)
    for secret in ("张伟", "1950", "1951", "0187", "example.org"):
        assert secret not in said
    assert "column Birth Date: looks like a direct identifier: dates of birth" in said
    assert "column remark: looks like a direct identifier: phone numbers (1 row, the first is 2)" in said
    assert "row 2, column death_date: found '2024-13-40'" in said  # a misspelt date where dates belong
    assert "row 2, column age: found a value that is not shown" in said


@pytest.mark.parametrize("value", ["Hans Meier", "Jean-Pierre Dupont", "Müller Anna", "13812345678"])
def test_a_name_in_a_column_of_something_else_is_not_shown(tmp_path, value):
    for column in ("sex", "age", "death_date", "liver_mets"):
        cells = {"patient_id": "P1", "arm": "A", column: value}
        pd.DataFrame([cells]).to_csv(tmp_path / "patients.csv", index=False)
        with pytest.raises(InputError, match=f"column {column}: found a value that is not shown") as caught:
            read_clinical({"patients": tmp_path / "patients.csv"})
        assert value not in str(caught.value)


@pytest.mark.parametrize("value", ["Hans Meier", "MEIER HANS", "Müller, Anna"])
def test_a_sample_called_as_a_person_is_not_shown(tmp_path, value):
    (tmp_path / "samples.tsv").write_text(
        f"sample_id\tpatient_id\ttimepoint\tspecimen\tsite\tbatch\n{value}\tP1\tbaseline\tffpe\tx\tb\n"
    )
    with pytest.raises(InputError, match="column sample_id: found a value that is not shown"):
        read_table(tmp_path / "samples.tsv", "samples")


def test_a_misspelt_word_of_a_list_is_shown(tmp_path):
    pd.DataFrame([{"patient_id": "P1", "arm": "A", "bor": "Stable Disease"}]).to_csv(tmp_path / "p.csv", index=False)
    with pytest.raises(InputError, match="column bor: found 'Stable Disease'"):
        read_clinical({"patients": tmp_path / "p.csv"})


def test_ages_above_89_are_noted_without_the_age(tmp_path):
    (tmp_path / "patients.csv").write_text("patient_id,arm,age\nP1,A,89\nP2,A,93\nP3,A,\n")
    queries = read_clinical({"patients": tmp_path / "patients.csv"}).queries
    assert [(q.patient_id, q.severity, q.rule) for q in queries] == [("P2", "note", "age_above_89")]
    assert "93" not in queries[0].message


def test_a_table_without_header_is_not_printed(tmp_path):
    (tmp_path / "patients.csv").write_text("P1,A,John Smith,1950-03-04\nP2,A,Mary Jones,1951-04-05\n")
    with pytest.raises(InputError) as caught:
        read_table(tmp_path / "patients.csv", "patients")
    assert "the first row holds values, expected column names" in str(caught.value)
    assert "Smith" not in str(caught.value)


def test_allowed_columns_pass_and_only_they(tmp_path):
    (tmp_path / "patients.csv").write_text("patient_id,arm,initials,phone\nP1,A,JS,5551234\n")
    with allowing(["patients.initials"]), pytest.raises(InputError, match="column phone") as caught:
        read_table(tmp_path / "patients.csv", "patients")
    assert "initials" not in str(caught.value)
    with allowing(["patients.initials", "patients.phone"]):
        assert read_table(tmp_path / "patients.csv", "patients")["initials"].tolist() == ["JS"]
    with pytest.raises(InputError, match="column initials"):
        read_table(tmp_path / "patients.csv", "patients")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("patients.initals", "Did you mean patients.initials?"),
        ("people.initials", "Did you mean patients.initials?"),
        ("lesions.x", "Tables of this run: patients."),
    ],
)
def test_an_allowed_column_of_no_table_is_refused(tmp_path, monkeypatch, entry, words):
    monkeypatch.chdir(tmp_path)
    Path("tables").mkdir()
    Path("tables/patients.csv").write_text("patient_id,arm,treatment_start_date,initials\nP1,A,2024-01-01,JS\n")
    config = {"clinical": {"patients": "tables/patients.csv"}, "allow_columns": ["patients.initials", entry]}
    with pytest.raises(InputError) as caught:
        check_run(config)
    assert f"allow_columns: found '{entry}', expected a column that one of the tables has" in str(caught.value)
    assert words in str(caught.value)
    config["allow_columns"] = ["patients.initials"]
    assert check_run(config).used == []


def test_adam_with_a_date_of_birth_is_refused(tmp_path):
    (tmp_path / "adsl.csv").write_text("USUBJID,ARM,BRTHDTC\n1,A,1950-01-02\n")
    with pytest.raises(InputError, match="column BRTHDTC: looks like a direct identifier: dates of birth") as caught:
        convert_adam({"ADSL": tmp_path / "adsl.csv"})
    assert "1950" not in str(caught.value)
    with allowing(["adsl.BRTHDTC"]):
        assert "1950-01-02" not in str(convert_adam({"ADSL": tmp_path / "adsl.csv"}).tables)


def test_a_simulated_trial_gives_no_false_alarm():
    clinical = simulate_clinical(pd.Series(0.0, index=[f"P{number:03d}" for number in range(60)]), seed=2)
    cells = alarms = 0
    for table in ("patients", "assessments", "lesions", "therapies", "adverse_events"):
        frame = getattr(clinical, table)
        texts = frame.astype(object).where(frame.notna(), None).map(lambda value: None if value is None else str(value))
        alarms += len(identifier_problems(texts, load_schema(table), table, table))
        cells += int(frame.notna().sum().sum())
    assert_documented(cells, alarms, "a simulated trial")


def assert_documented(cells: int, alarms: int, of: str) -> None:
    """Hold a count of false alarms against its row of the page, and against the bound of one in 1,000 cells."""
    assert alarms < cells / 1000
    assert re.search(rf"\| {cells:,} \| {alarms} \| {re.escape(of)}", PAGE), (cells, alarms)


def listed(name: str) -> list[list[str]]:
    """Read a list of texts beside this file."""
    lines = (Path(__file__).parent / f"{name}.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return [line.split("\t") for line in lines]


def is_told(text: str, column: str = "treatment_end_reason") -> bool:
    frame = pd.DataFrame({"patient_id": ["P1", "P2"], column: [None, text]}, dtype=object)
    problems = identifier_problems(frame, load_schema("patients"), "patients", "x")
    assert not any(text in str(problem) for problem in problems)
    return problems != []


def test_what_is_found_of_identifiers_in_free_text_is_what_the_documentation_says():
    """Categories of HIPAA Safe Harbor, in six languages, each planted in a column of free text."""
    found: dict[str, list[bool]] = {}
    for category, _, text in listed("planted"):
        found.setdefault(category, []).append(is_told(text))
    for category, told in found.items():
        assert f"| {category} | {sum(told)} of {len(told)} |" in PAGE, (category, sum(told), len(told))
    named = PAGE.split("Not found of those")[1].split("Of 256")[0]
    missed = {text for _, _, text in listed("planted") if not is_told(text)}
    assert {name.replace("\n", " ") for name in re.findall("`([^`]+)`", named)} == missed
    assert sum(map(sum, found.values())) >= 0.95 * sum(map(len, found.values()))


@pytest.mark.parametrize("language", ["zh", "en", "de", "fr", "es", "it"])
def test_most_identifiers_are_found_in_each_language(language: str):
    texts = [text for _, of, text in listed("planted") if of == language]
    missed = [text for text in texts if not is_told(text)]
    assert len(missed) <= 0.1 * len(texts), missed


def test_ordinary_words_of_trials_are_no_identifiers():
    """Terms, drugs, laboratory values, reasons, lesions, hospitals, codes and remarks in six languages."""
    columns = {"sites": "site"}
    texts = listed("harmless")
    told = [text for sort, text in texts if is_told(text, columns.get(sort, "remark"))]
    assert told == []
    assert_documented(len(texts), len(told), "terms, drugs, laboratory values")


@pytest.mark.parametrize(
    "odd",
    [
        lambda text: text.replace("-", "\u2013"),
        lambda text: text.replace(" ", "\u00a0"),
        lambda text: "\u200b".join(text),
        lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
        lambda text: f"\u2066{text}\u2069\ufeff",
    ],
    ids=["en dashes", "blanks without break", "marks that cannot be seen", "full width", "directions"],
)
def test_an_identifier_in_odd_characters_is_the_same(odd: Callable[[str], str]):
    for kind, texts in STRONG.items():
        for text in texts:
            assert kind_of_text(odd(text)) == kind_of_text(text) == kind


@pytest.mark.parametrize("names", ["Smith|Jones|Müller|García|Rossi", "J.S.|A. B.|M.K.|L.T.", "张伟|王芳|李秀英|刘洋"])
def test_a_column_of_names_where_reasons_belong_is_told(names: str):
    frame = pd.DataFrame({"patient_id": "P1", "treatment_end_reason": names.split("|")}, dtype=object)
    problems = identifier_problems(frame, load_schema("patients"), "patients", "x")
    assert [problem.message.split(" (")[0] for problem in problems] == ["looks like a direct identifier: names"]


def test_codes_of_eight_digits_and_a_letter_tell_only_when_no_check_letter_fails():
    for letters, wrong in (("TRWAGMYFPDXB", 0), ("ZSQVHLCKETRW", 1)):
        values = [f"{12345678 + place}{letter}" for place, letter in enumerate(letters)]
        frame = pd.DataFrame({"code": values}, dtype=object)
        assert len(identifier_problems(frame, {}, "patients", "x")) == wrong


@pytest.mark.external
@pytest.mark.parametrize(
    ("folder", "read", "of"),
    [
        ("clinical/pharmaverse", read_adam, "254 subjects"),
        ("data/expression", read_text_table, "clinical tables and labels of published"),
    ],
)
def test_real_tables_give_no_false_alarm(
    external_data: Path, folder: str, read: Callable[[Path], pd.DataFrame], of: str
):
    cells, told = 0, []
    for kind in ("*.csv", "*clinical*.tsv", "*labels*.tsv", "roi*.tsv", "veterans*.tsv"):
        for file in sorted((external_data / folder).rglob(kind)):
            # A cell line has a name that it may keep.
            table = read(file).drop(columns="Name", errors="ignore").replace("", None)
            told += identifier_problems(table, {}, file.stem, file.name)
            cells += int(table.notna().sum().sum())
    assert told == []
    assert_documented(cells, len(told), of)


OF_PERSONS = """张伟_R1.fastq.gz|reads/患者张伟_R1.fq.gz|John_Smith_R1.fastq.gz|Smith_John_19500201_R1.fastq.gz|john.smith.bam|
MRN123456_L001_R1_001.fastq.gz|住院号778899_1.fq.gz|11010519491231002X.bam|HM19500201_R1.fastq.gz|/data/Anna_Schmidt/t.bam|
jane.doe@example.org.bam|Frau_Schmidt_R1.fastq.gz|李娜-T1.bam|salmon/Anna_Mueller/quant.sf|https://host/x/John-Smith.cram
""".replace("\n", "").split("|")  # fmt: skip
OF_SAMPLES = """230412_A00123_0456_AHXYZ/P1_S1_L001_R1_001.fastq.gz|SRR19500201_1.fastq.gz|TCGA-05-4244-01A-01R-1107-07.bam|
reads/P001-B_L1_R1.fastq.gz|H1650_rep2_R1.fastq.gz|Lung_Left_Lobe_R1.fastq.gz|Small_Cell_Lung_R1.fq.gz|19-1234_S12_R2.fq|
S23-00123_R1.fastq.gz|V350123456_L01_12_1.fq.gz|DP8400012345TR_L01_501_1.fq.gz|E100012345_L01_B5EHOM_1.fq.gz|HC809_S23.bam|
101-01-0001-A_R1.fastq.gz|Unaligned/Project_Wong/Sample_LY-12/LY-12_R1.fastq.gz|X202SC23010101-Z01-F001/raw_data/T1/T1_1.fq|
/lab/anna.schmidt/trial/reads/P1_R1.fastq.gz|Kelly_R1.fastq.gz|Universal_Human_R1.fq.gz|00503376_4271_R1.fastq.gz|
May_2023_Batch_2_R1.fq.gz|Mark_Duplicates_sorted.bam|Dana_Farber_01_R1.fq.gz|EGAF00001234567.bam|SN397_S18_L001_R1_001.fastq
""".replace("\n", "").split("|")  # fmt: skip


def test_a_file_named_after_a_person_is_told_and_names_of_samples_and_machines_are_not():
    assert [path for path in OF_PERSONS if kind_of_path(path) is None] == []
    assert [path for path in OF_SAMPLES if kind_of_path(path) is not None] == []


def test_a_column_of_such_files_is_refused_and_can_be_allowed():
    frame = pd.DataFrame({"sample_id": ["S1", "S2"], "fastq_1": ["P1_R1.fastq.gz", OF_PERSONS[2]]}, dtype=object)
    (fault,) = identifier_problems(frame, load_schema("units"), "units", "units.tsv")
    assert str(fault).startswith(
        "units.tsv, row 1, column fastq_1: looks like a direct identifier: names (1 row, the first is 3)"
    )
    assert "John" not in str(fault)
    with allowing(["units.fastq_1"]):
        assert identifier_problems(frame, load_schema("units"), "units", "units.tsv") == []


def test_a_table_named_after_a_person_is_refused_and_not_shown(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("John_Smith.csv").write_text("patient_id,arm,treatment_start_date\nP1,A,2024-01-01\n")
    with pytest.raises(InputError, match=r"clinical[.]patients: the name of the file looks like a direct id") as caught:
        check_run({"clinical": {"patients": "John_Smith.csv"}})
    assert "Smith" not in str(caught.value)
    Path("anna_schmidt").mkdir()  # as the folder of who works here
    Path("John_Smith.csv").rename("anna_schmidt/patients.csv")
    run = check_run(
        {"results": "anna_schmidt/results", "clinical": {"patients": str(tmp_path / "anna_schmidt/patients.csv")}}
    )
    assert run.used == []
