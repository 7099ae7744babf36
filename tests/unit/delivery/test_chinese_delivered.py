"""A delivery as a hospital in China exports it: names, words, dates and bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from unit.delivery.delivery_files import write_workbook

from anpi.delivery.decisions import Decisions
from anpi.delivery.trial import Proposal, propose
from anpi.problems import InputError

PATIENTS = [
    "受试者编号,性别,年龄,ECOG评分,组别,首次给药日期,末次给药日期,死亡日期,末次随访日期,肝转移,脑转移,乳酸脱氢酶(U/L)",
    "01-001,男,６５,1,卡度尼利单抗,2024年3月5日,2024/6/10,2025年1月20日,,是,否,210.5",
    "01-002,女,58岁,0分,卡度尼利单抗,2024/3/15,2024年8月1日,,2025-02-01,无,有,１８０",
    "02-001,男性,71,1,卡度尼利单抗,2024.4.2,,不适用,2025年2月3日,否,否,不详",
    "02-003,女性,49,1,卡度尼利单抗,2024-4-22,2024-9-1,,2025/2/1 10:30,有,无,333",
]
SCANS = [
    "受试者编号,访视,检查日期,总体疗效,靶病灶评价,非靶病灶评价,新病灶",
    "01-001,第6周,2024年4月15日,部分缓解,PR,非CR/非PD,无",
    "01-001,第12周,2024年5月27日,疾病进展(PD),PD,PD,有",
    "01-002,第6周,2024/4/25,SD（疾病稳定）,SD,,否",
    "02-001,第6周,2024-05-14,完全缓解,CR,,无",
    "02-003,第6周,2024年6月3日,不可评价,NE,,无",
]
LESIONS = [
    "受试者编号,检查日期,病灶编号,病灶类型,部位,淋巴结,长径(mm)",
    "01-001,2024年3月1日,T1,靶病灶,肝,否,35",
    "01-001,2024年3月1日,T2,靶病灶,纵隔,是,２０",
    "01-001,2024年4月15日,T1,靶病灶,肝,否,18",
    "01-001,2024年4月15日,N1,非靶病灶,骨,否,",
]
EVENTS = [
    "受试者编号,不良事件名称,系统器官分类,CTCAE分级,开始日期,结束日期,是否SAE,转归",
    "01-001,皮疹,皮肤及皮下组织类疾病,2级,2024年3月20日,2024年4月1日,否,痊愈",
    "02-001,甲状腺功能减退,内分泌系统疾病,Ⅱ级,2024/5/20,持续,否,未恢复",
]
CUTOFF = {"endpoints: data cut-off": "2025-02-28"}
ENGLISH = "patient_id,sex,age,arm,treatment_start_date\nP001,F,61,{}\n"


def delivered(folder: Path, tables: Mapping[str, Sequence[str]]) -> Proposal:
    book = write_workbook(folder / "导出.xlsx", {name: [row.split(",") for row in t] for name, t in tables.items()})
    return propose(None, [book], Decisions(dict(CUTOFF)))


def column(found: Proposal, table: str, name: str) -> list[object]:
    return [None if value is None else str(value) for value in found.tables[table].frame[name]]


def test_a_chinese_export_is_understood(tmp_path: Path):
    tables = {"受试者": PATIENTS, "疗效评价": SCANS, "病灶": LESIONS, "不良事件": EVENTS}
    found = delivered(tmp_path, tables)
    assert set(found.decisions.open) == set()
    assert column(found, "patients", "patient_id") == ["01-001", "01-002", "02-001", "02-003"]
    assert column(found, "patients", "sex") == ["M", "F", "M", "F"]
    assert column(found, "patients", "age") == ["65", "58", "71", "49"]
    assert column(found, "patients", "ecog") == ["1", "0", "1", "1"]
    starts = ["2024-03-05", "2024-03-15", "2024-04-02", "2024-04-22"]
    assert column(found, "patients", "treatment_start_date") == starts
    assert column(found, "patients", "treatment_end_date") == ["2024-06-10", "2024-08-01", None, "2024-09-01"]
    assert column(found, "patients", "death_date") == ["2025-01-20", None, None, None]
    assert column(found, "patients", "last_alive_date") == [None, "2025-02-01", "2025-02-03", "2025-02-01"]
    assert column(found, "patients", "liver_mets") == ["Y", "N", "N", "Y"]
    assert column(found, "patients", "ldh") == ["210.5", "180", None, "333"]
    assert column(found, "assessments", "overall_response") == ["PR", "PD", "SD", "CR", "NE"]
    assert column(found, "assessments", "nontarget_response") == ["NON-CR/NON-PD", "PD", None, None, None]
    assert column(found, "assessments", "new_lesion") == ["N", "Y", "N", "N", "N"]
    assert column(found, "lesions", "kind") == ["target", "target", "target", "nontarget"]
    assert column(found, "lesions", "node") == ["N", "Y", "N", "N"]
    assert column(found, "lesions", "diameter_mm") == ["35", "20", "18", None]
    assert column(found, "adverse_events", "grade") == ["2", "2"]
    assert column(found, "adverse_events", "end_date") == ["2024-04-01", None]


def test_lesions_with_a_column_a_visit_in_chinese(tmp_path: Path):
    rows = [
        "受试者编号,病灶编号,病灶类型,部位,基线(mm),第6周(mm),第12周(mm)",
        ",,,检查日期,2024年3月1日,2024年4月15日,2024年5月27日",
    ]
    rows += ["01-001,T1,靶病灶,肝,35,30,28", "01-001,T2,靶病灶,肺,22,20,15"]
    found = delivered(tmp_path, {"受试者": PATIENTS, "病灶": rows})
    assert set(found.decisions.open) == set()
    assert column(found, "lesions", "diameter_mm") == ["35", "30", "28", "22", "20", "15"]
    assert column(found, "lesions", "assessment_date") == ["2024-03-01", "2024-04-15", "2024-05-27"] * 2


@pytest.mark.parametrize("died", ["2025年1月20日", "5 мая 2024 г.", "2024년 5월 3일", "2024-05", "2025年1月"])
def test_dates_under_an_unknown_name_are_asked_about_however_they_are_written(died: str, tmp_path: Path):
    """A death that stayed a column of no meaning would leave the patient alive."""
    rows = ["patient_id,sex,arm,treatment_start_date,Exitus", f"P001,F,A,2024-01-15,{died}", "P002,M,A,2024-01-20,"]
    asked = delivered(tmp_path, {"Patients": rows}).decisions.open
    assert "导出.xlsx#Patients, Exitus: column of patients" in asked


@pytest.mark.parametrize("text", ["EudraCT 2024-1234", "Protocol 2.0", "2019", "61", "2024-00123"])
def test_other_numbers_under_an_unknown_name_are_no_dates(text: str, tmp_path: Path):
    rows = [
        "patient_id,sex,arm,treatment_start_date,Remark",
        f"P001,F,A,2024-01-15,{text}",
        f"P002,M,A,2024-01-20,{text}",
    ]
    assert set(delivered(tmp_path, {"Patients": rows}).decisions.open) == set()


def decoded(folder: Path, lines: Sequence[str], encoding: str) -> Proposal:
    (folder / "patients.csv").write_bytes("\r\n".join([*lines, ""]).encode(encoding))
    return propose(None, [folder / "patients.csv"], Decisions(dict(CUTOFF)))


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8", "utf-8-sig", "utf-16"])
def test_chinese_text_is_read_in_each_encoding_that_programs_write(encoding: str, tmp_path: Path):
    found = decoded(tmp_path, PATIENTS, encoding)
    assert set(found.decisions.open) == set()
    assert column(found, "patients", "arm") == ["卡度尼利单抗"] * 4
    assert column(found, "patients", "death_date") == ["2025-01-20", None, None, None]
    told = [row.became for row in found.conversions.rows if row.why == "the bytes are no UTF-8"]
    assert told == (["UTF-8"] if encoding.startswith("gb") else [])


ARMS = ["patient_id,sex,age,arm,treatment_start_date", "P001,F,61,{},2024-01-15", "P002,M,70,{},2024-01-20"]


@pytest.mark.parametrize(
    ("arm", "encoding"),
    [
        ("卡度尼利单抗治疗组", "gbk"),
        ("A组", "gbk"),
        ("卡度尼利单抗联合安罗替尼", "gb18030"),
        ("Prüfarm", "cp1252"),
        ("Größe über 37 °C", "cp1252"),
    ]
    + [("traité à l’hôpital – été créée", "cp1252"), ("ÄRZTE/GRÖSSE", "cp1252"), ("CRÉÉE", "cp1252")],
)
def test_bytes_that_are_no_utf_8_are_read_as_what_they_are(arm: str, encoding: str, tmp_path: Path):
    found = decoded(tmp_path, [line.format(arm) for line in ARMS], encoding)
    assert column(found, "patients", "arm") == [arm] * 2


@pytest.mark.parametrize(
    ("arm", "encoding"),
    [
        ("卡度尼利單抗聯合治療組", "big5"),
        ("卡度尼利单抗", "gbk"),
        ("カドニリマブ単剤群", "shift_jis"),
        ("카도닐리맙군", "euc-kr"),
    ]
    + [
        ("카도닐리맙군", "euc-kr"),
        ("Кадонилимаб", "cp1251"),
        ("Καδονιλιμάμπη", "cp1253"),
        ("治療群の患者データ", "euc-jp"),
    ],
)
def test_bytes_of_another_encoding_are_refused(arm: str, encoding: str, tmp_path: Path):
    """Read as Windows-1252 they would be arms of odd letters. Six characters alone may be Korean ones as well."""
    with pytest.raises(InputError, match=r"patients.csv: not UTF-8 text.* Save the file as CSV UTF-8"):
        decoded(tmp_path, [line.format(arm) for line in ARMS], encoding)


def test_a_word_with_its_code_is_the_word_when_both_mean_one(tmp_path: Path):
    rows = [
        "Subject,Scan date,Response",
        "01-001,2024-04-15,Stable disease (SD)",
        "01-001,2024-05-15,PD - Progressive disease",
    ]
    found = delivered(tmp_path, {"受试者": PATIENTS, "Scans": rows})
    assert column(found, "assessments", "overall_response") == ["SD", "PD"]
    rows[1] = "01-001,2024-04-15,Stable disease (PR)"
    asked = delivered(tmp_path, {"受试者": PATIENTS, "Scans": rows}).decisions.open
    assert any("Stable disease (PR)" in name for name in asked)


@pytest.mark.parametrize("names", ["长径(mm),短径(mm)", "Longest diameter (mm),Short axis (mm)"])
def test_a_second_column_of_sizes_is_asked_about(names: str, tmp_path: Path):
    """Of nodes RECIST takes the short axis."""
    rows = [f"受试者编号,检查日期,病灶编号,病灶类型,部位,淋巴结,{names}", "01-001,2024-03-01,T1,靶病灶,肝,否,35,20"]
    asked = delivered(tmp_path, {"受试者": PATIENTS, "病灶": rows}).decisions.open
    assert set(asked) == {"导出.xlsx#病灶: diameter_mm of lesions"}


def test_a_line_of_sums_in_chinese_is_asked_about(tmp_path: Path):
    answer = {"导出.xlsx#受试者, 受试者编号: rows of no patient": "leave_out"}
    book = write_workbook(tmp_path / "导出.xlsx", {"受试者": [*(row.split(",") for row in PATIENTS), ["合计", "4"]]})
    assert set(propose(None, [book], Decisions(dict(CUTOFF))).decisions.open) >= set(answer)
    found = propose(None, [book], Decisions(CUTOFF | answer))
    assert column(found, "patients", "patient_id") == ["01-001", "01-002", "02-001", "02-003"]


def test_two_ids_that_would_be_one_are_refused_with_a_row(tmp_path: Path):
    rows = [*PATIENTS, *(first + PATIENTS[-1][6:] for first in ("甲1", "乙1"))]
    with pytest.raises(InputError, match="受试者, row 7, column 受试者编号: found '乙1', expected an id"):
        delivered(tmp_path, {"受试者": rows})
