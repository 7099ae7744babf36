"""Clinical tables of a simulated trial: scans, lesions, deaths, therapies and adverse events of known hazard.

Progression-free time follows a Weibull law with proportional hazards. Progression is seen at the next scan; the tables
say what a site would have recorded, and each reported response is what RECIST 1.1 makes of the recorded diameters.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd

from anpi.files.rows import Row
from demo.streams import stream

LOG_HAZARD_RATIOS = {"A": 0.0, "N": 0.0, "P": float(np.log(2.0)), "I": float(np.log(0.35))}
LOG_HAZARD_RATIO_OF_INFLAMMATION = float(np.log(0.6))
ARMS = ("cadonilimab", "cadonilimab + chemotherapy")
ORGANS = ("lung", "liver", "adrenal gland", "mediastinum", "pleura", "bone", "lymph node")
ADVERSE_EVENTS = (
    # term, system organ class, chance, chance of grade 3 or 4, immune-related
    ("Anaemia", "Blood and lymphatic system disorders", 0.35, 0.15, "N"),
    ("Neutrophil count decreased", "Investigations", 0.30, 0.35, "N"),
    ("Platelet count decreased", "Investigations", 0.18, 0.25, "N"),
    ("Aspartate aminotransferase increased", "Investigations", 0.20, 0.10, "N"),
    ("Nausea", "Gastrointestinal disorders", 0.28, 0.02, "N"),
    ("Diarrhoea", "Gastrointestinal disorders", 0.12, 0.10, "N"),
    ("Immune-mediated colitis", "Gastrointestinal disorders", 0.04, 0.60, "Y"),
    ("Fatigue", "General disorders and administration site conditions", 0.30, 0.06, "N"),
    ("Pyrexia", "General disorders and administration site conditions", 0.12, 0.02, "N"),
    ("Infusion related reaction", "Injury, poisoning and procedural complications", 0.10, 0.05, "N"),
    ("Rash", "Skin and subcutaneous tissue disorders", 0.20, 0.04, "Y"),
    ("Pruritus", "Skin and subcutaneous tissue disorders", 0.14, 0.01, "Y"),
    ("Hypothyroidism", "Endocrine disorders", 0.16, 0.01, "Y"),
    ("Hyperthyroidism", "Endocrine disorders", 0.08, 0.01, "Y"),
    ("Adrenal insufficiency", "Endocrine disorders", 0.03, 0.40, "Y"),
    ("Pneumonitis", "Respiratory, thoracic and mediastinal disorders", 0.07, 0.40, "Y"),
    ("Dyspnoea", "Respiratory, thoracic and mediastinal disorders", 0.15, 0.15, "N"),
    ("Hyponatraemia", "Metabolism and nutrition disorders", 0.15, 0.35, "N"),
    ("Decreased appetite", "Metabolism and nutrition disorders", 0.24, 0.03, "N"),
)


COLUMNS = {
    "patients": [
        "patient_id",
        "arm",
        "sex",
        "age",
        "ecog",
        "liver_mets",
        "brain_mets",
        "ldh",
        "prior_io",
        "treatment_start_date",
        "treatment_end_date",
        "death_date",
        "last_alive_date",
        "withdrawal_date",
    ],
    "assessments": [
        "patient_id",
        "assessment_date",
        "overall_response",
        "target_response",
        "nontarget_response",
        "new_lesion",
        "evaluator",
    ],
    "lesions": ["patient_id", "assessment_date", "lesion_id", "kind", "node", "location", "diameter_mm", "status"],
    "therapies": ["patient_id", "start_date", "name", "kind"],
    "adverse_events": [
        "patient_id",
        "term",
        "soc",
        "grade",
        "start_date",
        "end_date",
        "serious",
        "related",
        "immune_related",
        "action",
    ],
    "truth": ["patient_id", "log_hazard", "hazard_multiplier", "progression_days"],
}


@dataclass(frozen=True)
class TrialDesign:
    """Settings of a simulated trial; times in days.

    Parameters
    ----------
    shape, median : float
        Weibull shape and median progression-free time of a patient without any effect.
    scan_interval, scan_jitter : int
        Scans every so many days, give or take.
    median_after_progression : float
        Median survival from progression.
    """

    first_start: date = date(2023, 3, 1)
    enrolment_days: int = 365
    cut_off: date = date(2024, 12, 31)
    shape: float = 1.3
    median: float = 125.0
    scan_interval: int = 42
    scan_jitter: int = 4
    median_after_progression: float = 150.0
    chance_withdrawal: float = 0.10
    chance_early_therapy: float = 0.06
    chance_missed_scan: float = 0.03


@dataclass
class ClinicalTables:
    """The five tables as text-ready frames, and the truth behind them.

    Parameters
    ----------
    patients, assessments, lesions, therapies, adverse_events : pandas.DataFrame
        As in ``config/clinical``.
    truth : pandas.DataFrame
        One row per patient: ``patient_id``, ``log_hazard``, ``hazard_multiplier``, ``progression_days`` (latent, from
        treatment start to progression or to death before it, before any scan or cut-off).
    """

    patients: pd.DataFrame
    assessments: pd.DataFrame
    lesions: pd.DataFrame
    therapies: pd.DataFrame
    adverse_events: pd.DataFrame
    truth: pd.DataFrame


@dataclass
class Course:
    """What befalls one patient, as it is drawn."""

    patient_id: str
    start: date
    end: date
    progression: date
    death: date | None
    rows: dict[str, list[Row]] = field(default_factory=lambda: {"assessments": [], "lesions": []})
    progressed: date | None = None


def log_hazards(tumours: pd.DataFrame) -> pd.Series:
    """Log hazard of progression of each tumour: effect of its leading subtype plus that of inflammation.

    Parameters
    ----------
    tumours : pandas.DataFrame
        ``subtype`` and ``inflammation`` (standard deviations).
    """
    return tumours["subtype"].map(LOG_HAZARD_RATIOS) + LOG_HAZARD_RATIO_OF_INFLAMMATION * tumours["inflammation"]


def simulate_clinical(log_hazard: pd.Series, seed: int = 1, design: TrialDesign | None = None) -> ClinicalTables:
    """Draw the clinical tables of a trial.

    Parameters
    ----------
    log_hazard : pandas.Series
        Log hazard of progression by patient id, against a patient with the design's median.
    seed : int
        Each patient has an own stream.

    Returns
    -------
    ClinicalTables
    """
    design = TrialDesign() if design is None else design
    frames: dict[str, list[Row]] = {name: [] for name in COLUMNS}
    for patient_id, effect in log_hazard.items():
        simulate_patient(str(patient_id), float(effect), seed, design, frames)
    tables = {name: pd.DataFrame(rows, columns=COLUMNS[name]) for name, rows in frames.items()}
    return ClinicalTables(**tables)


def simulate_patient(
    patient_id: str,
    effect: float,
    seed: int,
    design: TrialDesign,
    frames: dict[str, list[Row]],
) -> None:
    """Draw one patient and append the rows to ``frames``."""
    draw = stream(seed, "clinical", patient_id)
    start = design.first_start + timedelta(days=int(draw.integers(design.enrolment_days)))
    scale = design.median / np.log(2) ** (1 / design.shape)
    progression_days = scale * (draw.exponential() / np.exp(effect)) ** (1 / design.shape)
    after = draw.exponential(design.median_after_progression / np.log(2))
    early_death = draw.random() < 0.06
    progression = start + timedelta(days=max(1, round(progression_days)))
    death = progression if early_death else progression + timedelta(days=max(1, round(after)))
    end = min(design.cut_off, death)
    withdrawal = early_therapy = None
    leaves = draw.random()
    leave_day = start + timedelta(days=int(draw.integers(30, 200)))
    if leave_day < min(progression, end):
        if leaves < design.chance_withdrawal:
            withdrawal = end = leave_day
        elif leaves < design.chance_withdrawal + design.chance_early_therapy:
            early_therapy = leave_day
    course = Course(patient_id, start, min(end, early_therapy or end), progression, death)
    scan_patient(course, draw, design)
    died = death <= design.cut_off and withdrawal is None
    therapy = early_therapy or therapy_after(course, death if died else end, draw, design)
    if therapy is not None:
        name = str(draw.choice(["topotecan", "irinotecan", "lurbinectedin", "paclitaxel", "anlotinib"]))
        frames["therapies"].append(
            {"patient_id": patient_id, "start_date": therapy, "name": name, "kind": "chemotherapy"}
        )
    stopped = treatment_end(course, early_therapy, withdrawal, death if died else None, draw, design)
    frames["patients"].append(
        {
            "patient_id": patient_id,
            "arm": ARMS[int(stream(seed, "arm", patient_id).integers(len(ARMS)))],
            "sex": sex_of(patient_id, seed),
            "age": int(np.clip(round(draw.normal(63, 8)), 38, 84)),
            "ecog": int(draw.random() < 0.65),
            "liver_mets": "Y" if draw.random() < 0.35 else "N",
            "brain_mets": "Y" if draw.random() < 0.2 else "N",
            "ldh": round(float(np.exp(draw.normal(np.log(260), 0.4)))),
            "prior_io": "Y" if draw.random() < 0.7 else "N",
            "treatment_start_date": start,
            "treatment_end_date": stopped,
            "death_date": death if died else None,
            "last_alive_date": death if died else end,
            "withdrawal_date": withdrawal,
        }
    )
    frames["assessments"] += course.rows["assessments"]
    frames["lesions"] += course.rows["lesions"]
    frames["adverse_events"] += adverse_events(patient_id, start, stopped or end, draw)
    frames["truth"].append(
        {
            "patient_id": patient_id,
            "log_hazard": effect,
            "hazard_multiplier": float(np.exp(effect)),
            "progression_days": round(progression_days, 2),
        }
    )


def sex_of(patient_id: str, seed: int) -> str:
    """Return the patient's sex; two in three patients with this disease are men."""
    return "M" if stream(seed, "sex", patient_id).random() < 0.65 else "F"


def therapy_after(course: Course, end: date, draw: np.random.Generator, design: TrialDesign) -> date | None:
    """Start of a further therapy: half of the patients who progressed, if they live to it."""
    wanted, wait = draw.random() < 0.5, int(draw.integers(10, 40))
    if course.progressed is None or not wanted:
        return None
    begin = course.progressed + timedelta(days=wait)
    return begin if begin < min(end, design.cut_off) else None


def treatment_end(
    course: Course,
    early_therapy: date | None,
    withdrawal: date | None,
    death: date | None,
    draw: np.random.Generator,
    design: TrialDesign,
) -> date | None:
    """Return the last dose: shortly before what ended the treatment; None while it goes on at the cut-off."""
    back = int(draw.integers(0, 14))
    ends = [day for day in (course.progressed, early_therapy, withdrawal, death) if day is not None]
    return max(course.start, min(ends) - timedelta(days=back)) if ends else None


def scan_patient(course: Course, draw: np.random.Generator, design: TrialDesign) -> None:
    """Draw baseline and scans until progression is seen or observation ends."""
    lesions = draw_lesions(draw)
    nontarget = bool(draw.random() < 0.7)
    baseline = course.start - timedelta(days=int(draw.integers(1, 22)))
    measure(course, baseline, lesions, lesions["diameter"].to_numpy(), nontarget, None)
    factors = tumour_course(course, draw)
    way = draw.choice(["growth", "growth", "growth", "new lesion", "nontarget"])
    sums = [lesion_sum(lesions["diameter"])]
    day, visit = course.start, 0
    while course.progressed is None:
        visit += 1
        step = design.scan_interval + int(draw.integers(-design.scan_jitter, design.scan_jitter + 1))
        missed = draw.random() < design.chance_missed_scan
        day += timedelta(days=step)
        if day > course.end:
            return
        progressing = day >= course.progression
        if missed and not progressing:
            continue
        noise = draw.normal(0, 0.012, len(lesions))
        if progressing and (way == "growth" or (way == "nontarget" and not nontarget)):
            grown = max(min(sums) * draw.uniform(1.3, 1.7), min(sums) + 8)
            diameters = lesions["diameter"].to_numpy() * grown / sums[0]
        else:
            quiet = factors[min(visit, len(factors)) - 1] * (1 + noise)
            ceiling = 1.1 * min(sums) / sums[0]
            diameters = lesions["diameter"].to_numpy() * np.minimum(quiet, ceiling)
        diameters = np.round(diameters, 0)
        note = way if progressing else None
        report(course, day, lesions, diameters, nontarget, sums, note)


def draw_lesions(draw: np.random.Generator) -> pd.DataFrame:
    """Draw the target lesions at baseline: organ, node or not, diameter in whole mm (nodes by the short axis)."""
    count = int(draw.integers(1, 5))
    organs = draw.choice(len(ORGANS), size=count, replace=False)
    node = organs == ORGANS.index("lymph node")
    diameter = np.where(node, draw.integers(17, 36, count), draw.integers(16, 80, count)).astype(float)
    return pd.DataFrame(
        {"lesion_id": [f"T{i + 1}" for i in range(count)], "organ": [ORGANS[i] for i in organs], "node": node}
    ).assign(diameter=diameter)


def tumour_course(course: Course, draw: np.random.Generator) -> np.ndarray:
    """Sum of diameters against baseline at each scan before progression: late progression goes with deep response."""
    days = (course.progression - course.start).days
    chance = 1 / (1 + np.exp(-(days - 150) / 45))
    if draw.random() < chance:
        depth = 0.0 if draw.random() < 0.08 else draw.uniform(0.25, 0.62)
    else:
        depth = draw.uniform(0.78, 1.06)
    return np.array([1 - (1 - depth) * 0.75, depth])


def lesion_sum(diameters: pd.Series | np.ndarray) -> float:
    return float(np.sum(diameters))


def report(
    course: Course,
    day: date,
    lesions: pd.DataFrame,
    diameters: np.ndarray,
    nontarget: bool,
    sums: list[float],
    progression: str | None,
) -> None:
    """Record a scan with the response that its diameters have by RECIST 1.1."""
    total = lesion_sum(diameters)
    target = target_response(diameters, lesions["node"].to_numpy(), total, sums)
    sums.append(total)
    nontarget_response = None
    if nontarget:
        gone = target == "CR"
        nontarget_response = "PD" if progression == "nontarget" else "CR" if gone else "NON-CR/NON-PD"
    new = progression == "new lesion"
    overall = target
    if new or "PD" in (target, nontarget_response):
        overall = "PD"
    measure(course, day, lesions, diameters, nontarget, nontarget_response, new)
    course.rows["assessments"].append(
        {
            "patient_id": course.patient_id,
            "assessment_date": day,
            "overall_response": overall,
            "target_response": target,
            "nontarget_response": nontarget_response,
            "new_lesion": "Y" if new else "N",
            "evaluator": "investigator",
        }
    )
    if overall == "PD":
        course.progressed = day


def target_response(diameters: np.ndarray, node: np.ndarray, total: float, sums: list[float]) -> str:
    """Return the response of target lesions: CR, PD (20% and 5 mm over the nadir), PR (30% below baseline) or SD."""
    nadir, baseline = min(sums), sums[0]
    if np.all(diameters[~node] == 0) and np.all(diameters[node] < 10):
        return "CR"
    if total - nadir >= 5 and 5 * (total - nadir) >= nadir:
        return "PD"
    return "PR" if 10 * (baseline - total) >= 3 * baseline else "SD"


def measure(
    course: Course,
    day: date,
    lesions: pd.DataFrame,
    diameters: np.ndarray,
    nontarget: bool,
    nontarget_response: str | None,
    new: bool = False,
) -> None:
    """Record the lesions of a scan."""
    common: Row = {"patient_id": course.patient_id, "assessment_date": day}
    rows = course.rows["lesions"]
    for lesion, diameter in zip(lesions.itertuples(), diameters, strict=True):
        facts = {"lesion_id": lesion.lesion_id, "kind": "target", "node": "Y" if lesion.node else "N"}
        rows.append({**common, **facts, "location": lesion.organ, "diameter_mm": Decimal(int(diameter))})
    if nontarget:
        words = {"PD": "unequivocal progression", "CR": "absent"}
        status = words.get(str(nontarget_response), "present")
        facts = {"lesion_id": "NT1", "kind": "nontarget", "node": "N"}
        rows.append({**common, **facts, "location": "pleura", "diameter_mm": None, "status": status})
    if new:
        facts = {"lesion_id": "NEW1", "kind": "new", "node": "N"}
        rows.append({**common, **facts, "location": "liver", "diameter_mm": Decimal(14), "status": "unequivocal"})


def adverse_events(patient_id: str, start: date, end: date, draw: np.random.Generator) -> list[Row]:
    """Draw adverse events between the start and the end of treatment, in order of their start."""
    rows: list[Row] = []
    days = max(1, (end - start).days)
    for term, soc, chance, severe, immune in ADVERSE_EVENTS:
        happens, harsh, begin = draw.random() < chance, draw.random() < severe, int(draw.integers(0, days))
        lasts, mild, serious = int(draw.integers(3, 45)), int(draw.integers(1, 3)), draw.random() < 0.4
        grade = (4 if draw.random() < 0.2 else 3) if harsh else mild
        action = "none" if grade < 3 else "dose delayed" if draw.random() < 0.7 else "drug withdrawn"
        related = immune == "Y" or draw.random() < 0.6
        if happens:
            first = start + timedelta(days=begin)
            rows.append(
                {
                    "patient_id": patient_id,
                    "term": term,
                    "soc": soc,
                    "grade": grade,
                    "start_date": first,
                    "end_date": first + timedelta(days=lasts) if first + timedelta(days=lasts) <= end else None,
                    "serious": "Y" if grade >= 3 and serious else "N",
                    "related": "Y" if related else "N",
                    "immune_related": immune,
                    "action": action,
                }
            )
    return sorted(rows, key=lambda row: (row["start_date"], row["term"]))
