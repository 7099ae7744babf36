"""Plans: what is accepted, and how wrong ones are refused."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pytest
import yaml

from anpi.association.history import compare, record_plan
from anpi.association.plan import Key, Plan, check_plan, chosen_signatures, plan_faults, read_plan
from anpi.files.shipped import ROOT
from anpi.problems import InputError
from anpi.tables.reading import read_facts
from anpi.tables.schema import load_schema
from anpi.trial.endpoints import endpoint_columns, endpoint_kind, endpoint_variants

PATIENTS = pd.DataFrame(
    {"patient_id": ["1", "2", "3"], "arm": ["a", "b", "a"], "ecog": [0, 1, 1], "region": ["x", "x", "x"]}
)


def refusal(function, *arguments, **options) -> str:
    with pytest.raises(InputError) as caught:
        function(*arguments, **options)
    return str(caught.value)


def test_shipped_plan_is_right_and_names_known_signatures():
    plan = read_plan(ROOT / "config" / "plan.yaml")
    registry = read_facts(ROOT / "resources" / "signatures" / "registry.tsv")
    check_plan(plan, registry, PATIENTS)
    primary = plan.primary()
    assert (primary.endpoints, primary.biomarker, primary.set) == (("pfs",), "subtype", "subtype_evaluable")
    assert plan.multiplicity == {
        "primary": "holm",
        "secondary": "holm",
        "exploratory_signatures": "bh",
        "exploratory_response": "bh",
    }
    signatures = next(entry for entry in plan.entries if entry.biomarker == "signatures")
    assert len(chosen_signatures(signatures, registry)) == 12


def test_defaults_are_filled_in(plan_of):
    entry = plan_of().entries[0]
    assert (entry.minimum_n, entry.minimum_events, entry.stratify_by_arm, entry.cut) == (10, 5, True, "none")


def test_unknown_endpoint_with_the_nearest(plan_of):
    text = refusal(plan_of, endpoints=["pfss"])
    assert "entry main, endpoints" in text
    assert "'pfss'" in text
    assert "Did you mean pfs?" in text


def test_unknown_key_with_the_nearest(plan_of):
    text = refusal(plan_of, stratify_by_arms=True)
    assert "stratify_by_arms" in text
    assert "Did you mean stratify_by_arm?" in text


def test_every_fault_in_one_go(plan_of):
    text = refusal(plan_of, endpoints=["survival"], biomarker="signatures", cut="median", genes=["CD8A"])
    assert "3 problems" in text
    assert "biomarker signatures without a list" in text
    assert "genes under biomarker signatures" in text


def test_names_given_twice(write_plan):
    path = write_plan()
    content = yaml.safe_load(path.read_text())
    content["families"] *= 2
    path.write_text(yaml.safe_dump(content))
    text = refusal(read_plan, path)
    assert "primary 2 times" in text
    assert "main 2 times" in text
    assert "two families of tier primary" in text


def test_the_family_of_changes_has_a_name_of_its_own(write_plan):
    path = write_plan()
    path.write_text(path.read_text() + "\nchange: {family: primary}\n")
    assert "change.family: found 'primary', expected a name that no other family has" in refusal(read_plan, path)


def test_tests_of_change_claim_nothing(write_plan):
    """No gate holds them and no alpha is kept for them: beside a primary family, 5% more would be false claims."""
    path = write_plan()
    plain = path.read_text()
    path.write_text(plain + "\nchange: {tier: secondary}\n")
    told = "change.tier: found 'secondary', expected exploratory alone, since no gate holds the tests of change"
    assert told in refusal(read_plan, path)
    path.write_text(plain + "\nchange: {tier: exploratory}\n")
    assert read_plan(path).change["tier"] == "exploratory"


@pytest.mark.parametrize("name", ["-x", "../etc", ".hidden", "2024-02-30", "12"])
def test_a_name_is_no_option_path_date_or_number(write_plan, name):
    path = write_plan()
    path.write_text(path.read_text().replace("primary", f"'{name}'", 1))
    assert "expected a name of letters, digits, _, . and -" in refusal(read_plan, path)


def test_a_key_at_another_place_is_told_where_it_stands(write_plan):
    path = write_plan()
    path.write_text(path.read_text() + "\nmultiplicity: bh\n")
    assert "multiplicity: unknown key. It stands below families or below change." in refusal(read_plan, path)


@pytest.mark.parametrize("listed", [[], ["os", "os"]])
def test_a_list_says_how_many_it_takes(plan_of, listed):
    text = refusal(plan_of, endpoints=listed)
    assert "entry main, endpoints: found" in text
    assert "expected a list of at least 1, each once" in text
    assert plan_of(endpoints=["os"]).entries[0].endpoints == ("os",)


def test_a_response_is_not_set_against_a_response(plan_of):
    assert "a time to event" in refusal(plan_of, biomarker="response", endpoints=["response"])


def test_groups_are_not_cut(plan_of):
    assert "has levels already" in refusal(plan_of, cut="median")


def test_unknown_signature_and_category(plan_of, registry):
    plan = plan_of(biomarker="signatures", signatures=["gep_18"], categories=["T cells"])
    text = refusal(check_plan, plan, registry)
    assert "Did you mean gep18?" in text
    assert "Did you mean T cell?" in text


def test_signatures_by_id_and_category_in_the_order_of_the_registry(plan_of, registry):
    plan = plan_of(biomarker="signatures", signatures=["hypoxia"], categories=["T cell"])
    assert chosen_signatures(plan.entries[0], registry) == ["gep18", "t_effector", "cytolytic", "hypoxia"]
    every = plan_of(biomarker="signatures", categories=["all"])
    assert chosen_signatures(every.entries[0], registry) == list(registry["id"])


def test_covariate_that_is_missing_and_one_with_one_level(plan_of):
    text = refusal(check_plan, plan_of(adjust_for=["ecgo", "region"]), None, PATIENTS)
    assert "'ecgo'" in text
    assert "Did you mean ecog?" in text
    assert "region with one level" in text


def with_marker(*cells: str) -> pd.DataFrame:
    arms = ["a", "b"] * len(cells)
    return pd.DataFrame({"patient_id": [f"P{n}" for n in range(len(cells))], "arm": arms[: len(cells)], "nlr": cells})


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (("1.5", "2,5", "3.5", "4"), "row 3, column nlr: found '2,5', expected a number with a decimal point"),
        (("1,5", "2,5", "3,5", "4"), "row 2, column nlr: found '1,5', expected a number with a decimal point"),
        (("1.5", "N/A", "3.5", "4"), "row 3, column nlr: found 'N/A', expected a number, or nothing"),
        (("1.5", "ND", "3.5", "4"), "row 3, column nlr: found 'ND', expected a number, as other cells of the column"),
        (("1", "<5", "3", "4"), "row 3, column nlr: found '<5', expected a number, as other cells of the column"),
        (("yes", "no", "k.A.", "no"), "row 4, column nlr: found 'k.A.', expected a value, or nothing where none"),
    ],
)
def test_cells_that_would_be_groups_beside_numbers_or_names(plan_of, cells, told):
    plan = plan_of(biomarker="columns", columns=["nlr"])
    text = refusal(check_plan, plan, None, with_marker(*cells))
    assert told in text
    assert "The plan names the column: write numbers with a point" in text
    check_plan(plan_of(), None, with_marker(*cells))  # a column that the plan does not name is kept as it is


@pytest.mark.parametrize(
    "cells",
    [
        ("1", "2", "3", "4a"),
        ("T1", "T2", "Tx", "T2"),
        ("1.5", "2.5", "3", "4"),
        ("1+", "2+", "0", "3+"),
        ("a", "b", "1", "2"),
    ],
)
def test_numbers_and_names_of_groups_are_taken(plan_of, cells):
    check_plan(plan_of(biomarker="columns", columns=["nlr"]), None, with_marker(*cells))


def test_covariate_of_samples(plan_of):
    plan = plan_of(adjust_for=["batch"])
    check_plan(plan, None, PATIENTS)
    samples = pd.DataFrame({"sample_id": ["s1", "s2"], "batch": ["b1", "b1"]})
    assert "batch with one level" in refusal(check_plan, plan, None, PATIENTS, samples)


def test_misspelt_columns_outside_the_entries(plan_of):
    plan = plan_of({"baseline": ["ecog", "age", "ecogs"], "expression": {"adjust_for": ["bacth", "arm"]}})
    text = refusal(check_plan, plan, None, PATIENTS)
    assert "2 problems" in text, "age is one of the optional columns"
    assert "Did you mean batch?" in text
    assert "Did you mean ecog?" in text


def test_unknown_set(plan_of):
    text = refusal(check_plan, plan_of(set="subtype_evaluble"))
    assert "entry main, set" in text
    assert "Did you mean subtype_evaluable?" in text


def test_empty_set_is_refused_unless_it_asks_for_expression(plan_of):
    assert "which is empty" in refusal(check_plan, plan_of(set="all_treated"), empty=["all_treated"])
    check_plan(plan_of(), empty=["subtype_evaluable"])


def test_endpoint_not_derived(plan_of):
    text = refusal(check_plan, plan_of(endpoints=["pfs_ema"]), derived=["pfs_days", "pfs_event"])
    assert "pfs_days_ema, pfs_event_ema" in text
    assert "was not derived" in text


def test_columns_and_kinds_of_endpoints():
    assert endpoint_columns("dor_unconfirmed") == ("dor_days_unconfirmed", "dor_event_unconfirmed")
    assert endpoint_columns("response_unconfirmed") == ("response_unconfirmed",)
    assert [endpoint_kind(e) for e in ("os", "pfs_ema", "response_strict", "bor")] == [
        "time",
        "time",
        "binary",
        "ordered",
    ]


def test_reading_a_plan_imports_nothing_heavy():
    code = (
        "import sys; sys.path.insert(0, 'scripts'); import anpi.association.plan; "
        "print([m for m in ('lifelines', 'scipy', 'sklearn', 'statsmodels', 'pydeseq2', 'gseapy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_changed_plan_is_remembered_with_its_date_and_difference(plan_of, tmp_path):
    path = tmp_path / "out" / "plan_history.json"
    first = plan_of()
    assert record_plan(first, path, "2024-01-01") == []
    before = path.read_bytes()
    assert record_plan(first, path, "2024-02-01") == []
    assert path.read_bytes() == before, "the same plan leaves no trace"
    changed = plan_of({"alpha": 0.1}, endpoints=["os"])
    expected = ["alpha: 0.05 became 0.1", 'main.endpoints: ["pfs"] became ["os"]']
    assert record_plan(changed, path, "2024-03-01") == [{"date": "2024-03-01", "difference": expected}]
    assert record_plan(changed, path, "2024-04-01")[0]["date"] == "2024-03-01"


def test_entries_taken_out_and_added_are_named():
    old = {"families": [{"family": "f", "entries": [{"entry": "a"}, {"entry": "b"}]}]}
    new = {"families": [{"family": "f", "entries": [{"entry": "b"}, {"entry": "c"}]}]}
    assert compare(old, new) == ["a was taken out of f.entries", "c was added to f.entries"]


def test_a_damaged_history_is_refused(plan_of, tmp_path):
    path = tmp_path / "plan_history.json"
    path.write_text("{")
    assert "the history of plans is damaged" in refusal(record_plan, plan_of(), path)


def test_faults_of_every_kind_in_one_go_by_the_names_of_family_and_entry(tmp_path, registry):
    """Wrong words, names that are not known and columns that are not there are told together."""
    path = tmp_path / "plan.yaml"
    path.write_text("""
alpha: .nan
families:
  - family: first
    tier: prime
    entries:
      - {entry: pfs_by_subtype, endpoints: [pfs, survival], biomarker: subtpye, adjust_for: [ecgo]}
      - {endpoints: [os], biomarker: genes, minimum_n: .inf}
  - 7
  - {tier: secondary, entries: [{entry: late, endpoints: [os], biomarker: arm, setting: 1}]}
""")
    told = [str(problem).removeprefix(f"{path}, ") for problem in plan_faults(path, registry, PATIENTS, None)]
    for words in (
        "alpha: found 'nan', expected a finite number",
        "family first, tier: found 'prime', expected one of primary, secondary, exploratory. Did you mean primary?",
        "family first, entry pfs_by_subtype, biomarker: found 'subtpye'",
        "entry pfs_by_subtype, endpoints: found 'survival'",
        "entry pfs_by_subtype, adjust_for: found 'ecgo'",
        "family first, entry 2: key entry is missing",
        "family first, entry 2, minimum_n: found 'inf'",
        "entry 2 of family first: found 'biomarker genes without a list'",
        "families.2: found '7', expected a block of keys",
        "family 3: key family is missing",
        "family 3, entry late, setting: unknown key. Did you mean set?",
    ):
        assert sum(line.startswith(words) for line in told) == 1, (words, told)
    assert len(told) == 11


def test_strategies_for_intercurrent_events_are_variants_of_pfs():
    columns = ["pfs_days", "pfs_event", "pfs_days_if_therapy_counted", "pfs_event_if_therapy_counted"]
    assert endpoint_variants("pfs", columns) == ["pfs_if_therapy_counted"]
    assert endpoint_kind("pfs_if_therapy_counted") == "time"


def test_a_plan_has_the_keys_of_its_schema():
    keys = {name for name, value in vars(Plan).items() if isinstance(value, Key)}
    assert keys | {"families"} == set(load_schema("plan")["properties"])
