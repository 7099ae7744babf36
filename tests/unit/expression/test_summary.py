"""From salmon's table to genes, and the facts of quality."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pandas as pd
import pytest

from anpi.expression.assemble import read_summaries, sample_facts
from anpi.expression.summary import library_formats, quality_facts, read_quant, salmon_reads, summarise_genes
from anpi.files.stored import quant_file
from anpi.problems import InputError

TRANSCRIPTS = pd.DataFrame(
    [("ENST1.2", "G1"), ("ENST2.1", "G1"), ("ENST3.5", "G2"), ("ENST4", "G3")], columns=["transcript_id", "gene_id"]
)
HEADER = "Name\tLength\tEffectiveLength\tTPM\tNumReads\n"


def quant(*rows: tuple[str, float, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["Name", "TPM", "NumReads"])
    return frame.assign(Length=1000.0, EffectiveLength=800.0)


def test_reads_and_tpm_are_summed_over_the_transcripts_of_a_gene():
    genes, unknown = summarise_genes(
        quant(("ENST1.2", 1e5, 10.5), ("ENST2.1", 3e5, 20.25), ("ENST3.5", 6e5, 7)), TRANSCRIPTS, "quant.sf"
    )
    assert genes.to_numpy().tolist() == [["G1", 30.75, 4e5], ["G2", 7, 6e5], ["G3", 0, 0]]
    assert unknown == 0


def test_another_version_of_a_transcript_is_the_same_transcript():
    genes, unknown = summarise_genes(quant(("ENST1.9", 1e6, 10), ("ENST4.1", 0, 3)), TRANSCRIPTS, "quant.sf")
    assert genes.set_index("gene_id")["counts"].to_dict() == {"G1": 10, "G2": 0, "G3": 3}
    assert unknown == 0


def test_another_version_of_a_pseudoautosomal_transcript_stays_on_its_chromosome():
    reference = pd.DataFrame([("ENST1.10", "GX"), ("ENST1.10_PAR_Y", "GX_PAR_Y")], columns=["transcript_id", "gene_id"])
    for names in (("ENST1.9", "ENST1.9_PAR_Y"), ("ENST1", "ENST1_PAR_Y")):
        genes, _ = summarise_genes(quant((names[0], 9e5, 9), (names[1], 1e5, 1)), reference, "quant.sf")
        assert genes.to_numpy().tolist() == [["GX", 9, 9e5], ["GX_PAR_Y", 1, 1e5]]


def test_an_unknown_transcript_of_a_name_with_dots_is_of_no_other_gene():
    reference = pd.DataFrame([("MSTRG.1.1", "G1"), ("MSTRG.2.1", "G2")], columns=["transcript_id", "gene_id"])
    genes, unknown = summarise_genes(quant(("MSTRG.1.1", 95e4, 95), ("MSTRG.7.1", 5e4, 5)), reference, "quant.sf")
    assert genes["counts"].tolist() == [95, 0]
    assert unknown == pytest.approx(0.05)


def test_up_to_a_tenth_of_the_reads_may_lie_on_unknown_transcripts():
    genes, unknown = summarise_genes(quant(("ENST1.2", 9e5, 90), ("ENST99", 1e5, 10)), TRANSCRIPTS, "quant.sf")
    assert unknown == pytest.approx(0.1)
    assert genes["counts"].sum() == 90


@pytest.mark.parametrize("rows", [[("ENST1.2", 9e5, 89), ("ENST99", 1e5, 11)], [("NM_1", 0, 0), ("NM_2", 0, 0)]])
def test_another_annotation_is_refused(rows):
    with pytest.raises(InputError, match=r"quant\.sf: .*the reference lacks, such as (ENST99|NM_1).*reference\.gtf"):
        summarise_genes(quant(*rows), TRANSCRIPTS, "quant.sf")


def test_a_table_without_rows_gives_zeros(tmp_path):
    """What the quantify step writes for a sample of which nothing maps."""
    (tmp_path / "quant.sf").write_text(HEADER)
    genes, unknown = summarise_genes(read_quant(tmp_path / "quant.sf"), TRANSCRIPTS, "quant.sf")
    assert genes.to_numpy().tolist() == [["G1", 0, 0], ["G2", 0, 0], ["G3", 0, 0]]
    assert unknown == 0
    facts = quality_facts(genes, {"fragments": 0, "fragments_passed": 0, "fragments_mapped": 0}, None, {})
    assert (facts["mapping_rate"], facts["genes_detected"], facts["top_gene_share"]) == (0, 0, 0)


def test_names_with_gencode_fields_are_cut_to_the_transcript(tmp_path):
    text = HEADER + "ENST1.2|G1.1|x\t1000\t800\t1000000\t5\n"
    (tmp_path / "quant.sf.gz").write_bytes(gzip.compress(text.encode()))
    assert read_quant(tmp_path / "quant.sf.gz")["Name"].tolist() == ["ENST1.2"]


WHOLE = HEADER + "".join(f"ENST{i}\t1000\t800\t100000\t{i}\n" for i in range(1, 11))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no readable salmon table"),
        ("target_id\tlength\teff_length\test_counts\ttpm\nt\t1\t1\t1\t1\n", "row 1: found 'target_id, length"),
        (WHOLE[: WHOLE.index("ENST9") + 12], "row 10, column TPM: .*expected a number.*Copy it again"),
        (WHOLE[: WHOLE.index("ENST8")], "the TPM do not sum to one million, found '700000'"),
        (WHOLE.replace("\t7\n", "\tseven\n"), "row 8, column NumReads: found 'seven', expected a number"),
        (WHOLE.replace("\t7\n", "\tinf\n"), "row 8, column NumReads: found 'inf'"),
    ],
)
def test_a_table_that_is_cut_or_of_another_tool_is_refused(tmp_path, text, words):
    (tmp_path / "quant.sf").write_text(text)
    with pytest.raises(InputError, match=words):
        read_quant(tmp_path / "quant.sf")


def test_a_damaged_gzip_table_is_refused(tmp_path):
    (tmp_path / "quant.sf.gz").write_bytes(gzip.compress(WHOLE.encode())[:-12])
    with pytest.raises(InputError, match=r"quant\.sf\.gz: no readable salmon table"):
        read_quant(tmp_path / "quant.sf.gz")


def test_facts_of_quality_by_hand():
    genes = pd.DataFrame({"gene_id": list("abcd"), "counts": [60.0, 5, 4.999, 10], "tpm": [0.0] * 4})
    reads = {
        "layout": "paired",
        "fragments": 200,
        "fragments_passed": 160,
        "fragments_mapped": 80,
        "library_type": "ISR",
        "strandedness_declared": "reverse",
        "fragment_length": {"mean": 180},
    }
    fastp = {"summary": {"before_filtering": {"q30_bases": 30, "total_bases": 40, "gc_content": 0.4712}}}
    facts = quality_facts(genes, reads, fastp, {"ISR": 90, "ISF": 10})
    assert facts["passed_filter_rate"] == 80
    assert facts["mapping_rate"] == 50
    assert facts["genes_detected"] == 3
    assert facts["top_gene_share"] == 75.0
    assert facts["q30_rate"] == 75
    assert facts["gc_content"] == 47.12
    assert facts["fragment_length"] == 180
    assert facts["molecules"] is facts["molecule_duplicate_rate"] is None
    facts = quality_facts(genes, reads | {"molecules": 20}, fastp, {})
    assert (facts["molecules"], facts["molecule_duplicate_rate"], facts["mapping_rate"]) == (20, 75, 50)


@pytest.mark.parametrize(
    ("formats", "strandedness"),
    [
        ({"ISF": 20, "ISR": 980}, "reverse"),
        ({"ISF": 900, "ISR": 100}, "forward"),
        ({"ISF": 480, "ISR": 520}, "unstranded"),
        ({"SF": 0, "SR": 1000}, "reverse"),
        ({"ISF": 300, "ISR": 700}, "unclear"),
        ({"ISF": 2, "ISR": 98}, None),
        ({}, None),
    ],
)
def test_strandedness_is_told_by_the_reads(formats, strandedness):
    genes = pd.DataFrame({"gene_id": ["a"], "counts": [1.0], "tpm": [1e6]})
    assert quality_facts(genes, {}, None, formats)["strandedness"] == strandedness


def test_what_an_input_does_not_tell_is_missing_and_not_zero():
    facts = quality_facts(pd.DataFrame({"gene_id": ["a"], "counts": [9.0], "tpm": [1e6]}), {}, None, {})
    assert [facts[name] for name in ("fragments", "mapping_rate", "passed_filter_rate", "q30_rate")] == [None] * 4


def test_a_users_salmon_folder_tells_of_its_reads(tmp_path):
    assert salmon_reads(tmp_path) == {}
    (tmp_path / "aux_info").mkdir()
    meta = {"num_processed": 100, "num_mapped": 88, "library_types": ["ISR"], "frag_length_mean": 181.7}
    (tmp_path / "aux_info" / "meta_info.json").write_text(json.dumps(meta))
    found = salmon_reads(tmp_path)
    assert (found["fragments_passed"], found["fragments_mapped"], found["layout"]) == (100, 88, "paired")
    assert found["fragment_length"]["mean"] == 182


def salmon_folder(folder: Path, content: bytes, name: str = "aux_info/meta_info.json") -> Path:
    (folder / "aux_info").mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    return folder


META, FORMATS = "aux_info/meta_info.json", "lib_format_counts.json"
READERS = {META: salmon_reads, FORMATS: library_formats}


@pytest.mark.parametrize("name", [META, FORMATS])
@pytest.mark.parametrize("content", [b'{"num_processed": 100,', b"", b'{"ISR": "\xff"}', b"[" * 100_000])
def test_a_damaged_file_of_a_salmon_folder_is_named(tmp_path, name, content):
    with pytest.raises(InputError, match=rf"{Path(name).name}: no readable JSON. Copy the whole salmon folder again"):
        READERS[name](salmon_folder(tmp_path, content, name))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (META, b"[]", r"meta_info\.json: found '\[\]', expected names and values"),
        (FORMATS, b"[]", r"lib_format_counts\.json: found '\[\]', expected names and values"),
        (META, b'{"num_mapped": "3000"}', r"num_mapped: found '\"3000\"', expected a whole number"),
        (META, b'{"num_processed": -1}', r"num_processed: found '-1', expected a whole number, 0 or more"),
        (META, b'{"frag_length_mean": NaN}', r"frag_length_mean: found 'NaN', expected a number of bases"),
        (META, b'{"frag_length_mean": "250"}', r"frag_length_mean: found .*expected a number of bases"),
        (META, b'{"library_types": "ISR"}', r"library_types: found .*expected a list such as ISR"),
        (META, b'{"library_types": [""]}', r"library_types: found .*expected a list such as ISR"),
        (META, b'{"num_processed": 9, "num_mapped": 10}', r"num_mapped: found '10', expected at most 9, num_proc"),
        (FORMATS, b'{"ISR": "300"}', r"ISR: found '\"300\"', expected a whole number"),
    ],
)
def test_what_salmon_does_not_write_is_told(tmp_path, name, content, words):
    with pytest.raises(InputError, match=words):
        READERS[name](salmon_folder(tmp_path, content, name))


def test_of_alignments_the_share_that_maps_is_not_known(tmp_path):
    """nf-core's star_salmon: salmon sees what aligned, and of that all."""
    meta = {"num_processed": 100, "num_mapped": 100, "library_types": ["ISR"], "mapping_type": "alignment"}
    reads = salmon_reads(salmon_folder(tmp_path, json.dumps(meta).encode()))
    facts = quality_facts(pd.DataFrame({"gene_id": ["a"], "counts": [100.0], "tpm": [1e6]}), reads, None, {})
    assert facts["fragments_mapped"] == 100
    assert facts["fragments_passed"] is facts["mapping_rate"] is None


@pytest.mark.parametrize(("library", "measured"), [("ISR", True), ("IU", True), ("SR", False), ("U", False)])
def test_single_reads_measure_no_fragments(tmp_path, library, measured):
    """salmon writes the length that it was given, or its default of 250."""
    meta = {"num_processed": 100, "num_mapped": 88, "library_types": [library], "frag_length_mean": 250}
    reads = salmon_reads(salmon_folder(tmp_path, json.dumps(meta).encode()))
    facts = quality_facts(pd.DataFrame({"gene_id": ["a"], "counts": [88.0], "tpm": [1e6]}), reads, None, {})
    assert (facts["fragment_length"], facts["fragment_length_measured"]) == (250, measured)


def test_the_table_of_a_salmon_folder_is_found_or_its_lack_is_told(tmp_path):
    with pytest.raises(InputError, match=r"none: .*"):
        quant_file(str(tmp_path / "none"))
    with pytest.raises(
        InputError, match=r"no salmon folder, found 'none of quant\.sf and quant\.sf\.gz'.*salmon quant wrote"
    ):
        quant_file(str(tmp_path))
    for name in ("quant.sf.gz", "quant.sf"):
        (tmp_path / name).write_bytes(b"")
        assert quant_file(str(tmp_path)) == quant_file(str(tmp_path / name)) == tmp_path / name


def test_samples_side_by_side_keep_their_own_values(tmp_path):
    table = pd.DataFrame({"gene_id": ["G1", "G2"], "symbol": ["A", "B"], "biotype": "x", "length": 1.0})
    for number, sample in enumerate(("S10", "S2", "007")):
        folder: Path = tmp_path / sample
        folder.mkdir()
        genes = pd.DataFrame({"gene_id": ["G2", "G1"], "counts": [number, 10.0 * number], "tpm": [1.0, number]})
        genes.to_parquet(folder / "genes.parquet")
        (folder / "qc.json").write_text(json.dumps({"genes_detected": number}))
    counts, tpm = read_summaries(tmp_path, ["007", "S10", "S2"], table)
    assert counts.columns.tolist() == ["007", "S10", "S2"]
    assert counts.loc["G1"].tolist() == [20, 0, 10]
    assert tpm.loc["G1"].tolist() == [2, 0, 1]
    facts = sample_facts(tmp_path, ["007", "S10", "S2"])
    assert facts.set_index("sample_id")["genes_detected"].to_dict() == {"007": 2, "S10": 0, "S2": 1}
    other = pd.DataFrame({"gene_id": ["G3", "G2"], "counts": [5.0, 6.0], "tpm": [7.0, 8.0]})
    other.to_parquet(tmp_path / "S10" / "genes.parquet")
    with pytest.raises(InputError, match="1 gene of the sample not in the gene table, found 'G3'"):
        read_summaries(tmp_path, ["007", "S10", "S2"], table)
    other.tail(1).to_parquet(tmp_path / "S10" / "genes.parquet")
    counts, tpm = read_summaries(tmp_path, ["007", "S10", "S2"], table)
    assert counts.loc["G2"].tolist() == [2, 6, 1]
    assert tpm.loc["G1"].isna().tolist() == [False, True, False]
