"""What the columns of a delivery are: by their names, as trials write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from anpi.delivery import chinese
from anpi.delivery.conversions import Conversions
from anpi.delivery.dates import partial, read_date
from anpi.delivery.decisions import LEAVE_OUT, Decisions
from anpi.delivery.sources import Source
from anpi.delivery.values import is_status_of_life
from anpi.delivery.visits import VISIT, VISIT_DATE, holds_sizes, is_visit, visit_of_dates
from anpi.problems import fold, nearest
from anpi.tables.identifiers import identifier_problems
from anpi.tables.names import is_unknown
from anpi.tables.reading import FIRST_DATA_ROW
from anpi.tables.schema import DATE, day_form, load_schema
from anpi.words.lists import listed

EXTRA = "extra"  # a column that no schema knows, kept as it is
OPEN = "open"  # a column that is asked about
UNIT_COLUMN = "unit of times"
PATIENT = "patient_id"
START = "treatment_start_date"
# Columns without which times have no start or no end; where a table lacks one, every column of dates is asked about.
ENDS = {"patients": (START, "death_date", "last_alive_date"), "adverse_events": ("start_date", "end_date")}
# In a language that is not read too, such as 5 мая 2024 г.
YEAR_AND_DAY = re.compile(r"\d{1,2}\D[^\d]*(?:19|20)\d\d\D*|(?:19|20)\d\d\D+\d{1,2}(?:\D+\d{1,2})?\D*")
FEW_WORDS = 3  # beside the dates of a column
SUPPLIED = re.compile(r"os_(?:time|days|months)")
BEGINNING = re.compile(rf"{START}|randomisation_date|(pfs|os)_(time|days|months)|\w+_day")  # from which times can count
# Names that trials use, without blanks and signs. Pseudo-columns end with a blank word: a time whose unit is open, an
# event whose coding is open.
OF_PATIENT_ID = """patient patientid patid patno patientno patientnumber patientennummer patientenid patientennr pat
    patnr patientnr probandennummer probandennr probandenid studiennummer subject subjectid subjid
    subjectno subjectnumber usubjid participant participantid caseid studyid pid
    numeropatient numéropatient npatient idpatient idpaciente"""
EUROPEAN: dict[str, dict[str, str]] = {
    "patients": {
        PATIENT: OF_PATIENT_ID,
        "arm": """arm treatment treatmentarm trt treatmentgroup group cohort therapiearm behandlungsarm bras brazo
            regimen""",
        "sex": "sex gender geschlecht sexe sexo",
        "age": "age alter âge edad età ageyears ageatenrolment ageatenrollment ageatdiagnosis agebaseline",
        "treatment_start_date": """treatmentstart starttreatment starttherapy therapiebeginn startoftreatment
            startoftherapy firstdose firstdosedate dateoffirstdose c1d1 treatmentstartdate trtsdt startdate cycle1day1
            datefirstdose behandlungsbeginn ersteapplikation erstegabe datededébutdutraitement datededebutdutraitement
            débutdutraitement debutdutraitement fechadeiniciodeltratamiento""",
        "treatment_end_date": """treatmentend endoftreatment therapieende lastdose lastdosedate eot eotdate trtedt
            dateoflastdose treatmentstop datelastdose behandlungsende letztegabe letzteapplikation""",
        "treatment_end_reason": "reasonofftreatment eotreason discontinuationreason dcreas reasonendoftreatment",
        "ecog": "ecog ecogps ecogbaseline performancestatus ps",
        "liver_mets": "livermets livermetastases livermetastasis lebermetastasen lebermet lebermets hepaticmetastases",
        "brain_mets": """brainmets brainmetastases brainmetastasis hirnmetastasen hirnmet hirnmets cnsmets
            cnsmetastases""",
        "ldh": "ldh ldhbaseline ldhul",
        "prior_io": "priorio priorimmunotherapy previousimmunotherapy priorici vorherigeimmuntherapie "
        "immuntherapievorher",
        "death_date": """deathdate dateofdeath death died todesdatum dthdt verstorben
            verstorbenam gestorben gestorbenam sterbedatum datumdestodes deceased deceasedon dateofdecease décès deces
            datedécès datededécès datedudécès datededeces datedudeces fechadefallecimiento fechadeexitus""",
        "last_alive_date": """lastalive lastcontact dateoflastcontact lastfollowup dateoflastfollowup lastfu
            lastknownalive letzterkontakt lstalvdt lastseen fudate
            datumletzterkontakt letztesfollowup datedesdernièresnouvelles dernièresnouvelles datedesdernieresnouvelles
            fechadelúltimocontacto fechadeultimocontacto""",
        "withdrawal_date": "withdrawal dateofwithdrawal consentwithdrawn withdrawalofconsent",
        "randomisation_date": "randomisation randomization randomised randomized randdt dateofrandomisation "
        "dateofrandomization randomizationdate",
        "pfs_time": "pfs pfstime progressionfreesurvival survivaltimepfs survivaltime",
        "pfs_event": "pfsevent eventoccurredpfs eventpfs",
        "pfs_status": "pfsstatus pfscensor pfscnsr pfscensored cnsrpfs censpfs",
        "os_time": "os ostime overallsurvival survivaltimeos survivaltime gesamtueberleben",
        "os_event": "osevent eventoccurredos eventos deathevent",
        "os_status": "osstatus oscensor oscnsr oscensored cnsros censos vitalstatus survivalstatus",
        "bor": "bor bestoverallresponse bestresponse recist bestrecist bestesansprechen",
        "cutoff_date": "cutoff datacutoff dcutdt",
        UNIT_COLUMN: "survivalunit timeunit unit",
    },
    "samples": {
        "sample_id": "sample sampleid samplename rnasample rnasampleid specimenid libraryid probe probenid alias run",
        PATIENT: OF_PATIENT_ID,
        "timepoint": "timepoint samplingtime visit sampletype zeitpunkt",
        "specimen": "specimen specimentype material preservation",
        "site": "site biopsysite tissuesite biopsylocation",
        "batch": "batch sequencingbatch plate flowcell",
        "collection_date": "collectiondate biopsydate dateofbiopsy samplingdate dateofcollection collected",
        "tumour_content": "tumourcontent tumorcontent tumourcells tumorpurity tumourpurity tumorcellcontent",
    },
    "assessments": {
        PATIENT: OF_PATIENT_ID,
        "assessment_date": """assessmentdate scandate dateofscan date dateofassessment imagingdate ctdate untersuchung
            untersuchungsdatum datumderuntersuchung befunddatum datum assessment rsdtc scan""",
        "overall_response": """overallresponse response timepointresponse recist recistresponse ansprechen
            gesamtansprechen gesamtbeurteilung ovrlresp overall""",
        "target_response": "targetresponse targetlesionresponse targetlesions trgresp",
        "nontarget_response": "nontargetresponse nontargetlesionresponse nontargetlesions ntrgresp",
        "new_lesion": "newlesion newlesions neuelaesion newlprog",
        "evaluator": "evaluator reader assessor befunder",
        "visit": "visit visitname",
    },
    "lesions": {
        PATIENT: OF_PATIENT_ID,
        "assessment_date": """assessmentdate scandate dateofscan date datum imagingdate ctdate trdtc untersuchung
            untersuchungsdatum datumderuntersuchung""",
        "lesion_id": "lesionid lesion lesionno lesionnumber targetlesion laesion läsion trlnkid",
        "kind": "kind type lesiontype targetnontarget category typ art läsionstyp laesionstyp",
        "node": "node lymphnode nodal isnode lymphknoten",
        "location": "location organ lokalisation lesionsite site",
        "diameter_mm": """diametermm diameter size longestdiameter longaxis shortaxis ld sizemm durchmesser groesse
            größe length""",
        "status": "status lesionstatus state",
        "evaluator": "evaluator reader",
        "visit": "visit visitname",
    },
    "therapies": {
        PATIENT: OF_PATIENT_ID,
        "start_date": "startdate start therapystart begin beginn datestarted date startdateoftherapy",
        "name": "name drug therapy regimen therapie medication substance subsequenttherapy treatment",
        "kind": "kind type therapytype category",
    },
    "adverse_events": {
        PATIENT: OF_PATIENT_ID,
        "term": "term preferredterm adverseevent event ae aeterm pt ereignis toxicity aedecod",
        "soc": "soc systemorganclass organclass bodysystem aesoc organklasse",
        "grade": "grade ctcaegrade toxicitygrade grad ctcgrade ctcae aetoxgr severity",
        "start_date": "startdate start onset onsetdate begin beginn dateofonset aestdtc beginnue uebeginn",
        "end_date": "enddate end resolved resolutiondate stop stopdate ende aeendtc endeue ueende",
        "serious": "serious sae seriousness schwerwiegend sue",
        "related": "related relatedness causality relationship drugrelated kausalität zusammenhang",
        "immune_related": "immunerelated irae immune",
        "action": "action actiontaken",
        "outcome": "outcome ausgang",
    },
    "biomarkers": {
        PATIENT: OF_PATIENT_ID,
        "sample_id": "sampleid sample",
        "marker": "marker biomarker test analyte parameter labtest",
        "value": "value result wert ergebnis",
        "unit": "unit units einheit",
        "method": "method assay methode",
        "date": "date datum labdate collectiondate samplingdate",
    },
}
NAMES = {
    table: {column: f"{words} {chinese.NAMES[table].get(column, '')}" for column, words in columns.items()}
    for table, columns in EUROPEAN.items()
}
# Columns that make a table of it: all of one line.
SIGNS: dict[str, tuple[tuple[str, ...], ...]] = {
    "lesions": (("lesion_id",), ("diameter_mm",)),
    "adverse_events": (("term", "grade"), ("grade", "soc"), ("term", "start_date")),
    "biomarkers": (("marker", "value"),),
    "assessments": (("overall_response", "assessment_date"), ("target_response", "assessment_date")),
    "therapies": (("name", "start_date"),),
    "samples": (("sample_id",),),
    "patients": (("sex",), ("age",), ("arm",), ("treatment_start_date",), ("os_time",), ("pfs_time",), ("death_date",)),
}
UNITS = {
    "months": r"months?|mos?|mths?|monate?n?|mois|个?月",
    "weeks": r"weeks?|wks?|wochen?|周",
    "years": r"years?|yrs?|jahren?|ans|年|岁",
    "days": r"days?|d|tagen?|tage|jours|天",
    "mm": r"mm|millimet(?:er|re)s?|毫米",
    "cm": r"cm|centimet(?:er|re)s?|厘米",
}
UNIT_WORDS = {
    name: re.compile(rf"(?<![^\W\d_])(?:{words})(?![^\W\d_])", re.IGNORECASE) for name, words in UNITS.items()
}


@dataclass
class Taken:
    """What a column was taken for, and why; ``column`` is `EXTRA`, `LEAVE_OUT` or `OPEN` for none of the schema."""

    header: str
    column: str
    why: str
    unit: str | None = None
    visit: str = ""


@dataclass
class Sheet:
    """A source that was taken for a table of the trial, or for patients and samples at once."""

    source: Source
    tables: tuple[str, ...]
    taken: dict[str, list[Taken]] = field(default_factory=dict)


def unit_of(header: str) -> str | None:
    """Return the unit that a header names, such as months of ``PFS (months)``; None for none, or for two."""
    found = [name for name, words in UNIT_WORDS.items() if words.search(header.replace("_", " "))]
    return found[0] if len(found) == 1 else None


def bare(header: str) -> str:
    """Return a header's letters without what stands in brackets and without the words of its unit at its end."""
    text = re.sub(r"[(\[][^)\]]*[)\]]", " ", header.replace("_", " "))
    text = re.sub(rf"\b(?:in )?(?:{'|'.join(UNITS.values())})\.?\s*$", " ", text, flags=re.IGNORECASE)
    return fold(text) or fold(header)


def names_of(table: str) -> dict[str, list[str]]:
    """Return the columns of a table by the folded names that they go by."""
    found: dict[str, list[str]] = {}
    schema = load_schema(table)["properties"]
    for column in schema:
        forms = [column, *([str(day_form(column))] if day_form(column) else [])]
        for form in forms:
            found.setdefault(fold(form), []).append(column)
    for column, words in NAMES[table].items():
        for word in words.split():
            if column not in found.setdefault(fold(word), []):
                found[fold(word)].append(column)
    return found


def candidates(headers: list[str], table: str) -> dict[str, list[str]]:
    """Return the columns of a table that each header may be."""
    meanings = names_of(table)
    return {header: meanings.get(fold(header)) or meanings.get(bare(header)) or [] for header in headers}


def fitting_tables(source: Source) -> list[str]:
    """Return the tables that the columns of a source make, the most telling first."""
    frame = source.frame
    found = []
    for table, lines in SIGNS.items():
        columns = {column for many in candidates(list(frame.columns), table).values() for column in many}
        if PATIENT not in columns and table != "samples":
            continue
        if any(set(line) <= columns for line in lines):
            found.append(table)
    ids = [header for header, many in candidates(list(frame.columns), "patients").items() if PATIENT in many]
    once = bool(ids) and frame[ids[0]].dropna().is_unique
    if not once:
        found = [table for table in found if table != "patients"]
    rows = [table for table in found if table not in ("patients", "samples")]
    return [table for table in found if table in ("patients", "samples")] if once and not rows else rows or found


def decide_table(source: Source, decisions: Decisions) -> tuple[str, ...]:
    """Return the tables that a source is; none for one that is left out, or while that is open."""
    found = fitting_tables(source)
    both = "patients + samples"
    choices = [*SIGNS, both, LEAVE_OUT]
    name = both if found == ["samples", "patients"] else found[0] if len(found) == 1 else None
    seen = f"{source.shown} has the columns {listed(source.frame.columns, 12)}."
    why = "It is a hidden sheet. Is it meant?" if source.hidden else ""
    why = why or (f"They may be {listed(found)}." if found else "None tells what a row of it is." + twice(source))
    inferred = None if source.hidden else name
    answer = decisions.decide(f"{source.key}: table", f"Which table is it? {seen} {why}", choices, inferred)
    return () if answer in (None, LEAVE_OUT) else tuple(reversed(str(answer).split(" + ")))


def twice(source: Source) -> str:
    """Say that a patient has several rows, where that alone keeps a sheet from being one of patients."""
    frame = source.frame
    columns = candidates(list(frame.columns), "patients")
    known = {column for many in columns.values() for column in many}
    named = [header for header, many in columns.items() if PATIENT in many] or [str(frame.columns[0])]
    ids = frame[named[0]].dropna()
    again = ids[ids.duplicated(keep=False)]
    if not len(again) or not any(set(line) <= known for line in SIGNS["patients"]):
        return ""
    rows = [int(index) + FIRST_DATA_ROW for index in again.index[again == again.iloc[0]]]
    words = f" Patients have one row each, and {named[0]} {again.iloc[0]} stands in rows {listed(rows, 4)}: delete what"
    return words + " stands twice, or give the patients, and each other form of the export, in a sheet of its own."


def recognise(source: Source, decisions: Decisions, conversions: Conversions) -> Sheet:
    """Return what each column of a source was taken for."""
    tables = decide_table(source, decisions)
    sheet = Sheet(source, tables)
    if not tables:
        decided = decisions.made.get(f"{source.key}: table")
        if decided == LEAVE_OUT:
            conversions.add(source.place, None, "", "table", "", "left out: so answered")
        return sheet
    claimed: set[str] = set()
    for table in tables:
        sheet.taken[table] = take_columns(source, table, decisions)
        if table != "samples":
            sheet.taken[table] += patient_asked(source, sheet.taken[table], table, decisions)
        claimed |= {taken.header for taken in sheet.taken[table]}
    if tables == ("lesions",):
        sheet.taken["lesions"] += visits_taken(source, sheet.taken["lesions"], decisions)
        claimed |= {taken.header for taken in sheet.taken["lesions"]}
    if "patients" in tables:
        sheet.taken["patients"] += status_taken(source, claimed, sheet.taken["patients"], decisions)
        claimed |= {taken.header for taken in sheet.taken["patients"]}
    rest = [header for header in source.frame.columns if header not in claimed]
    taken_for = [taken.column for taken in sheet.taken[tables[-1]]]
    sheet.taken[tables[-1]] += extra_columns(source, rest, tables[-1], decisions, lacking(tables[-1], taken_for))
    for taken in (taken for columns in sheet.taken.values() for taken in columns):
        if taken.column in (LEAVE_OUT, UNIT_COLUMN):
            why = f"left out: {taken.why}" if taken.column == LEAVE_OUT else "left out: it is the unit of other columns"
            conversions.add(source.place, None, taken.header, "column", "", why)
    return sheet


def lacking(table: str, taken: list[str]) -> list[str]:
    """Return the columns of dates that times need and that no column of a sheet was taken for."""
    ends = [column for column in ENDS.get(table, ()) if not {column, str(day_form(column))} & set(taken)]
    if table == "patients" and any(BEGINNING.fullmatch(one) for one in taken):
        ends = [column for column in ends if column != START]
    supplied = table == "patients" and any(SUPPLIED.fullmatch(one) for one in taken)
    return [column for column in ends if column == START or not supplied]


def status_taken(source: Source, claimed: set[str], taken: list[Taken], decisions: Decisions) -> list[Taken]:
    """Return the column that says who is dead, by its words, where none is so by its name."""
    free = [header for header in map(str, source.frame) if header not in claimed]
    told = [header for header in free if is_status_of_life(source.frame[header])]
    if len(told) != 1 or {"os_status", "os_event"} & {one.column for one in taken}:
        return []
    text = f"{source.shown}: does {told[0]!r} say who is dead?"
    name = f"{source.key}, {told[0]}: column of patients"
    answer = decisions.decide(name, text, ("os_status", EXTRA, LEAVE_OUT), "os_status")
    return [Taken(told[0], str(answer), "its words")] if answer not in (None, EXTRA) else []


def visits_taken(source: Source, taken: list[Taken], decisions: Decisions) -> list[Taken]:
    """Return the columns of a sheet of lesions that each hold the sizes, or the dates, of a visit.

    One that has the size and the date of a scan in columns of their own is no such sheet. A column of sizes whose name
    is that of no visit is asked about.
    """
    if {"diameter_mm", "assessment_date"} & {one.column for one in taken}:
        return []
    free = [header for header in map(str, source.frame) if header not in {one.header for one in taken}]
    words = {fold(word) for word in NAMES["lesions"]["assessment_date"].split()}
    dates = {header: visit for header in free if (visit := visit_of_dates(header, words))}
    named = [header for header in free if header not in dates and is_visit(header)]
    if not named:
        return []
    for one in taken:
        if one.column in ("status", "visit"):
            one.column, one.why = LEAVE_OUT, "the sheet has a column a visit"
    found = [Taken(header, VISIT_DATE, "its name", None, visit) for header, visit in dates.items()]
    for header in free:
        inferred = "visit" if header in named else None
        if header not in dates and (inferred or holds_sizes(source.frame[header])):
            text = f"{source.shown}: {header!r} holds sizes. Are they of a visit?"
            name = f"{source.key}, {header}: a visit"
            answer = decisions.decide(name, text, ("visit", EXTRA, LEAVE_OUT), inferred)
            column = {None: OPEN, "visit": VISIT}.get(answer, answer)
            if column != EXTRA:
                unit = next((unit for unit in ("mm", "cm") if UNIT_WORDS[unit].search(header.replace("_", " "))), None)
                found.append(Taken(header, str(column), "its name" if inferred else "so answered", unit))
    return found


def take_columns(source: Source, table: str, decisions: Decisions) -> list[Taken]:
    """Return the columns of a source that are columns of a table, each once."""
    taken: list[Taken] = []
    wanted: dict[str, list[str]] = {}
    answered = decisions.answers
    for header, many in candidates(list(source.frame.columns), table).items():
        name = f"{source.key}, {header}: column of {table}"
        if answered.get(name) is not None or len(many) > 1:
            text = f"{source.shown}: which column of {table} is {header!r}? Its name may be {listed(many)}."
            choices = [*NAMES[table], *(c for c in load_schema(table)["properties"] if c not in NAMES[table])]
            answer = decisions.decide(name, text, [*choices, EXTRA, LEAVE_OUT])
            if answer is None:
                taken.append(Taken(header, OPEN, "asked"))
            if answer in (None, EXTRA):
                continue
            wanted.setdefault(str(answer), []).append(header)
        elif many:
            wanted.setdefault(many[0], []).append(header)
    taken += [Taken(header, LEAVE_OUT, "so answered") for header in wanted.pop(LEAVE_OUT, ())]
    for column, headers in wanted.items():
        chosen = one_of(source, table, column, headers, decisions)
        for other in headers:
            if other == chosen:
                inferred = unit_of(other)
                why = "so answered" if f"{source.key}, {other}: column of {table}" in answered else "its name"
                taken.append(Taken(other, column, why, inferred))
            elif chosen is not None:
                taken.append(Taken(other, LEAVE_OUT, f"{chosen} is taken for {column}"))
            else:
                taken.append(Taken(other, OPEN, "asked"))
    return taken


def patient_asked(source: Source, taken: list[Taken], table: str, decisions: Decisions) -> list[Taken]:
    """Ask which column names the patients where none does by its name."""
    used = {one.header for one in taken}
    free = [header for header in map(str, source.frame) if header not in used and source.frame[header].notna().all()]
    if table == "patients":
        free = [header for header in free if source.frame[header].is_unique]
    if not free or {PATIENT, OPEN} & {one.column for one in taken}:
        return []
    text = f"{source.shown}: which column holds the ids of the patients?"
    answer = decisions.decide(f"{source.key}: {PATIENT} of {table}", text, free)
    return [Taken(answer, PATIENT, "so answered")] if answer else []


def one_of(source: Source, table: str, column: str, headers: list[str], decisions: Decisions) -> str | None:
    """Return the one of several columns that is a column of a table; None while that is open."""
    exact = [header for header in headers if fold(header) == fold(column)]
    filled = [header for header in headers if source.frame[header].notna().any()]
    inferred = headers[0] if len(headers) == 1 else filled[0] if len(filled) == 1 else None
    if inferred is None and len(exact) == 1 and column != PATIENT:
        inferred = exact[0]
    if len(headers) == 1:
        return inferred
    text = f"{source.shown}: {listed(map(repr, headers))} may each be {column} of {table}. Which one is it?"
    return decisions.decide(f"{source.key}: {column} of {table}", text, headers, inferred)


def extra_columns(
    source: Source, headers: list[str], table: str, decisions: Decisions, ends: Sequence[str] = ()
) -> list[Taken]:
    """Return columns that no schema knows: kept, save those of direct identifiers; slips are asked about.

    Where the table lacks its ``ends``, so is each column of dates: without a start no patient has an endpoint, and a
    death under an unknown name would leave a patient alive.
    """
    identifying = {p.column: p.message for p in identifier_problems(source.frame[headers], {}, table, source.shown)}
    properties = load_schema(table)["properties"]
    days = {str(day_form(column)): column for column in properties if day_form(column)}
    found = []
    for header in headers:
        if header in identifying:
            found.append(Taken(header, LEAVE_OUT, identifying[header]))
            continue
        if source.frame[header].isna().all():
            found.append(Taken(header, LEAVE_OUT, "it is empty"))
            continue
        near = nearest(header, [*properties, *days], 0.85)
        near = days.get(str(near), near)
        name = f"{source.key}, {header}: column of {table}"
        meant = [near] if near else list(ends) if is_dated(source.frame[header]) else []
        if not meant or decisions.answers.get(name) == EXTRA:
            found.append(Taken(header, EXTRA, "a name that no table has"))
            continue
        text = f"{source.shown}: is {header!r} the column {' or '.join(meant)} of {table}?"
        answer = decisions.decide(name, text, [*meant, EXTRA, LEAVE_OUT])
        why = "asked" if answer is None else "so answered"
        found.append(Taken(header, answer or OPEN, why, unit_of(header)))
    return found


def is_dated(texts: pd.Series) -> bool:
    """Return whether a column holds dates, however they are written: in half of its cells, or beside a few words.

    Such words stand for those who have no date, as ``alive`` does.
    """
    given = [text for text in texts.dropna().astype(str).str.strip() if not is_unknown(text)]
    others = [text for text in given if not is_date(text)]
    return len(others) < len(given) and (2 * len(others) <= len(given) or len(set(others)) <= FEW_WORDS)


def is_date(text: str) -> bool:
    """Return whether a text is a date or a month: one that can be read, or a year with another number beside it."""
    readings = (read_date(text, order) for order in ("day_first", "month_first"))
    month = partial(text)
    read = DATE.fullmatch(text) is not None or any(reading is not None for reading in readings)
    return read or (month is not None and month[1] is not None) or YEAR_AND_DAY.fullmatch(text) is not None


def described(sheet: Sheet) -> list[str]:
    """Return a line for each column: what it was taken for, and why."""
    lines = [f"{sheet.source.shown}: {' and '.join(sheet.tables) or 'no table'}"]
    for table, columns in sheet.taken.items():
        for taken in columns:
            became = {EXTRA: "kept as it is", LEAVE_OUT: "left out", OPEN: "open"}.get(
                taken.column, f"{table}.{taken.column}"
            )
            lines.append(f"  {taken.header}: {became} ({taken.why})")
    return lines


def mapping_of(sheet: Sheet) -> dict[str, object]:
    """Return what the columns of a source were taken for, as mapping.yaml keeps it."""
    taken = {
        table: {one.header: f"{one.column} ({one.why})" for one in columns} for table, columns in sheet.taken.items()
    }
    return {"columns": list(map(str, sheet.source.frame.columns)), "taken for": taken}
