"""Which samples are not their patient's: persons as groups of matching samples, held against the sheet."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

import pandas as pd


def judge_identities(pairs: pd.DataFrame, patients: Mapping[str, str]) -> pd.DataFrame:
    """Judge for each genotyped sample whether it is its patient's.

    Samples that match form a person. A person whose samples bear several patients' names is that patient's whose name
    more of them bear (at least two, and more than any other's); the others are suspect, all of them when no name leads.
    A patient whose samples are several persons' is the person with more of the samples, likewise.

    Parameters
    ----------
    pairs : pandas.DataFrame
        See `anpi.identity.relatedness.pair_table`.
    patients : mapping
        Patient of each genotyped sample.

    Returns
    -------
    pandas.DataFrame
        ``sample_id``, ``identity`` (match, suspect, unknown), ``identity_reason`` (names the other samples; empty for a
        match).
    """
    same, different = neighbours(pairs, "same"), neighbours(pairs, "different")
    person = group_samples(patients, same)
    strangers = outside_majority(person, patients) | split_patients(patients, person, different)
    rows = []
    for sample in sorted(patients):
        siblings = {other for other in patients if other != sample and patients[other] == patients[sample]}
        agreeing, opposing = sorted(same[sample] & siblings), sorted(different[sample] & siblings)
        foreign = sorted(same[sample] - siblings)
        if sample in strangers:
            # Too shallow for a comparison of its own, a sample may be of that person through another one's matches.
            foreign = foreign or ([] if opposing else namesakes(sample, person, patients))
            rows.append((sample, "suspect", suspicion_words(sample, patients, opposing, foreign)))
        elif agreeing:
            rows.append((sample, "match", ""))
        else:
            rows.append((sample, "unknown", why_unknown(siblings)))
    return pd.DataFrame(rows, columns=["sample_id", "identity", "identity_reason"])


def neighbours(pairs: pd.DataFrame, result: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    rows = pairs[pairs["result"] == result]
    for first, second in zip(rows["sample_1"], rows["sample_2"], strict=True):
        found[first].add(second)
        found[second].add(first)
    return found


def group_samples(samples: Iterable[str], same: Mapping[str, set[str]]) -> dict[str, str]:
    """Return each sample the name of its person: the first sample, by name, of those that match it directly or not."""
    person: dict[str, str] = {}
    for start in sorted(samples):
        waiting = [start]
        while waiting:
            sample = waiting.pop()
            if sample not in person:
                person[sample] = start if sample == start else person[start]
                waiting += same.get(sample, ())
    return person


def outside_majority(groups: Mapping[str, str], labels: Mapping[str, str]) -> set[str]:
    """Find, in groups that bear several labels, the samples that do not bear the leading one."""
    members: dict[str, list[str]] = defaultdict(list)
    for sample, group in groups.items():
        members[group].append(sample)
    outside = set()
    for samples in members.values():
        counts = Counter(labels[sample] for sample in samples)
        if len(counts) > 1:
            leading = leader(counts)
            outside |= {sample for sample in samples if labels[sample] != leading}
    return outside


def split_patients(
    patients: Mapping[str, str], person: Mapping[str, str], different: Mapping[str, set[str]]
) -> set[str]:
    """Find samples that differ from another one of their patient, but for those of the patient's leading person."""
    outside = outside_majority(patients, person)
    return {sample for sample in outside if any(patients[other] == patients[sample] for other in different[sample])}


def leader(counts: Counter[str]) -> str | None:
    """Return the label that at least two samples bear, and more than bear any other; None when there is none."""
    (first, most), *rest = counts.most_common(2)
    return first if most >= 2 and (not rest or most > rest[0][1]) else None


def namesakes(sample: str, person: Mapping[str, str], patients: Mapping[str, str]) -> list[str]:
    """Return the samples of a sample's person that bear another patient's name."""
    return sorted(other for other in person if person[other] == person[sample] and patients[other] != patients[sample])


def suspicion_words(sample: str, patients: Mapping[str, str], opposing: list[str], foreign: list[str]) -> str:
    """Return which samples of its own patient a suspect differs from and whose it matches."""
    parts = []
    if opposing:
        parts.append(f"its genotypes differ from {', '.join(opposing)} of the same patient {patients[sample]}")
    if foreign:
        parts.append("they match " + ", ".join(f"{other} of patient {patients[other]}" for other in foreign))
    if not opposing:
        return f"genotypes of one person under two patients: {sample} of {patients[sample]} and {parts[0][11:]}"
    return " and ".join(parts) + (": swapped?" if foreign else "")


def why_unknown(siblings: set[str]) -> str:
    if not siblings:
        return "the only genotyped sample of its patient"
    return f"too few reads at the listed SNPs to compare it with {', '.join(sorted(siblings))}"
