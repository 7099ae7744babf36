"""The papers behind the methods: the only list. Records of methods, the report and docs/methods/sources.md take theirs.

A paper is known by author and year, by its DOI where it has one, and in full where something prints it so.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Paper:
    """A paper.

    Parameters
    ----------
    name : str
        Author and year.
    doi : str
        Without it the paper is told in full.
    full : str
        Authors, journal, year, volume and pages.
    """

    name: str
    doi: str = ""
    full: str = ""

    @property
    def reference(self) -> str:
        """Author, year and DOI, as a record of a method has them."""
        return f"{self.name} doi:{self.doi}"

    @property
    def linked(self) -> str:
        """The paper in Markdown."""
        return f"{self.name} [doi:{self.doi}](https://doi.org/{self.doi})" if self.doi else self.full


AYERS = Paper("Ayers 2017", "10.1172/JCI91190")
ROONEY = Paper("Rooney 2015", "10.1016/j.cell.2014.12.033")
BARBIE = Paper("Barbie 2009", "10.1038/nature08460")
FOROUTAN = Paper("Foroutan 2018", "10.1186/s12859-018-2435-4")
FINOTELLO = Paper("Finotello 2019", "10.1186/s13073-019-0638-6")
SCHUBERT = Paper("Schubert 2018", "10.1038/s41467-017-02391-6")
GEORGE = Paper("George 2015", "10.1038/nature14664", "George J et al. Nature 2015;524:47–53")
GARWOOD = Paper("Garwood 1936", "10.1093/biomet/28.3-4.437")
GAY_2021 = Paper("Gay 2021", "10.1016/j.ccell.2020.12.014", "Gay CM et al. Cancer Cell 2021;39:346–360")
RUDIN_2019 = Paper("Rudin 2019", "10.1038/s41568-019-0133-9", "Rudin CM et al. Nat Rev Cancer 2019;19:289–297")
NABET_2024 = Paper("Nabet 2024", "10.1016/j.ccell.2024.01.010")
BRUNET = Paper("Brunet 2004", "10.1073/pnas.0308531101")
EISENHAUER = Paper("Eisenhauer 2009", "10.1016/j.ejca.2008.10.026", "Eisenhauer EA et al. Eur J Cancer 2009;45:228–247")
SEYMOUR = Paper("Seymour 2017", "10.1016/S1470-2045(17)30074-8")
PATRO = Paper("Patro 2017", "10.1038/nmeth.4197", "Patro R et al. Nat Methods 2017;14:417–419")
CHEN = Paper("Chen 2018", "10.1093/bioinformatics/bty560", "Chen S et al. Bioinformatics 2018;34:i884–i890")
WANG_2012 = Paper("Wang 2012", "10.1093/bioinformatics/bts356")
DANECEK = Paper("Danecek 2021", "10.1093/gigascience/giab008")
HAENZELMANN = Paper("Hänzelmann 2013", "10.1186/1471-2105-14-7")
KAPLAN = Paper("Kaplan & Meier 1958", full="Kaplan EL, Meier P. J Am Stat Assoc 1958;53:457–481")
MORRIS = Paper("Morris 2019", full="Morris TP et al. BMJ Open 2019;9:e030215")
CLOPPER = Paper(
    "Clopper & Pearson 1934", "10.1093/biomet/26.4.404", "Clopper CJ, Pearson ES. Biometrika 1934;26:404–413"
)
SCHEMPER = Paper("Schemper & Smith 1996", full="Schemper M, Smith TL. Control Clin Trials 1996;17:343–346")
ROYSTON = Paper("Royston & Parmar 2013", "10.1186/1471-2288-13-152")
JANSSEN = Paper("Janssen & Mayer 2001", full="Janssen A, Mayer CD. Scand J Stat 2001;28:283–293")
WANG_2010 = Paper("Wang 2010", "10.1093/biostatistics/kxq021")
COX = Paper("Cox 1972", full="Cox DR. J R Stat Soc B 1972;34:187–220")
EFRON = Paper("Efron 1977", full="Efron B. J Am Stat Assoc 1977;72:557–565")
HEINZE = Paper("Heinze & Schemper 2001", full="Heinze G, Schemper M. Biometrics 2001;57:114–119")
LAUSEN = Paper("Lausen & Schumacher 1992", full="Lausen B, Schumacher M. Biometrics 1992;48:73–85")
HOTHORN = Paper("Hothorn & Lausen 2003", full="Hothorn T, Lausen B. Comput Stat Data Anal 2003;43:121–137")
GRAMBSCH = Paper("Grambsch & Therneau 1994", "10.1093/biomet/81.3.515")
ANDERSON = Paper("Anderson 1983", "10.1200/JCO.1983.1.11.710")
GIOBBIE_HURDER = Paper("Giobbie-Hurder 2013", "10.1200/JCO.2013.49.5283")
DELONG = Paper("DeLong 1988", full="DeLong ER et al. Biometrics 1988;44:837–845")
AALEN = Paper("Aalen & Johansen 1978", full="Aalen OO, Johansen S. Scand J Stat 1978;5:141–150")
HARTUNG = Paper("Hartung & Knapp 2001", "10.1002/sim.1009")
HIGGINS = Paper("Higgins & Thompson 2002", "10.1002/sim.1186")
INTHOUT_2014 = Paper("IntHout 2014", "10.1186/1471-2288-14-25")
INTHOUT_2016 = Paper("IntHout 2016", "10.1136/bmjopen-2015-010247")
SCHMIDLI = Paper("Schmidli 2014", "10.1111/biom.12242")
DMITRIENKO = Paper("Dmitrienko & D'Agostino 2013", "10.1002/sim.5990")
HOLM = Paper("Holm 1979", full="Holm S. Scand J Stat 1979;6:65–70")
BENJAMINI = Paper("Benjamini & Hochberg 1995", full="Benjamini Y, Hochberg Y. J R Stat Soc B 1995;57:289–300")
SCHOENFELD = Paper("Schoenfeld 1981", "10.1093/biomet/68.1.316")
HSIEH = Paper("Hsieh & Lavori 2000", full="Hsieh FY, Lavori PW. Control Clin Trials 2000;21:552–560")
AUSTIN = Paper("Austin 2009", "10.1002/sim.3697")
MCSHANE = Paper("McShane 2005", full="McShane LM et al. J Natl Cancer Inst 2005;97:1180–1184")
ALTMAN = Paper("Altman 2012", full="Altman DG et al. BMC Med 2012;10:51")
LOVE = Paper("Love 2014", "10.1186/s13059-014-0550-8", "Love MI et al. Genome Biol 2014;15:550")
MUZELLEC = Paper("Muzellec 2023", "10.1093/bioinformatics/btad547", "Muzellec B et al. Bioinformatics 2023;39:btad547")
ZHU = Paper("Zhu 2019", "10.1093/bioinformatics/bty895")
SUBRAMANIAN = Paper("Subramanian 2005", "10.1073/pnas.0506580102", "Subramanian A et al. PNAS 2005;102:15545–15550")
FANG = Paper("Fang 2023", "10.1093/bioinformatics/btac757", "Fang Z et al. Bioinformatics 2023;39:btac757")
WOLF = Paper("Wolf 2018", "10.1186/s13059-017-1382-0")
OKABE = Paper("Okabe & Ito 2008", full="Okabe M, Ito K. Color Universal Design, 2008")

# What docs/methods/sources.md lists, in its order.
OF_METHODS: dict[str, tuple[Paper, ...]] = {
    "salmon, fastp": (PATRO, CHEN),
    "RSeQC, samtools": (WANG_2012, DANECEK),
    "reference tumours": (GEORGE,),
    "signatures": (AYERS, ROONEY),
    "single-sample GSEA, GSVA, singscore": (BARBIE, HAENZELMANN, FOROUTAN),
    "RECIST 1.1": (EISENHAUER,),
    "exact intervals": (CLOPPER,),
    "follow-up; restricted mean": (SCHEMPER, ROYSTON),
    "permutation of log-rank tests": (JANSSEN, WANG_2010),
    "Firth's penalty": (HEINZE,),
    "cuts chosen by the data": (LAUSEN, HOTHORN),
    "proportional hazards": (GRAMBSCH,),
    "response against survival": (ANDERSON, GIOBBIE_HURDER),
    "ROC": (DELONG,),
    "competing events": (AALEN,),
    "random effects": (HARTUNG, HIGGINS, INTHOUT_2014, INTHOUT_2016),
    "robust prior": (SCHMIDLI,),
    "gates": (DMITRIENKO,),
    "multiplicity": (HOLM, BENJAMINI),
    "detectable effects": (SCHOENFELD, HSIEH),
    "balance": (AUSTIN,),
    "reporting": (MCSHANE, ALTMAN),
    "DESeq2, pydeseq2, apeglm": (LOVE, MUZELLEC, ZHU),
    "GSEA, gseapy": (SUBRAMANIAN, FANG),
    "scanpy": (WOLF,),
}
# What the report lists, in its order: papers in full, and what is said before some.
OF_REPORT: dict[str, tuple[Paper, ...]] = {
    "RECIST 1.1": (EISENHAUER,),
    "Subtypes": (RUDIN_2019, GAY_2021),
    "Reference tumours": (GEORGE,),
    "Kaplan-Meier": (KAPLAN, MORRIS),
    "Exact interval": (CLOPPER,),
    "Cox regression": (COX, EFRON),
    "Firth's penalty": (HEINZE,),
    "False discovery rate": (BENJAMINI,),
    "Holm": (HOLM,),
    "DESeq2": (LOVE, MUZELLEC),
    "Gene sets": (SUBRAMANIAN, FANG),
    "Quantification": (PATRO, CHEN),
    "Colours": (OKABE,),
    "REMARK": (MCSHANE, ALTMAN),
}
SAID_BEFORE = {MORRIS: "display after ", EFRON: "ties after "}


def on_page(topic: str) -> str:
    """Return a topic as the page of sources lists it, without the mark of the list."""
    return f"**{topic}**: {'; '.join(paper.linked for paper in OF_METHODS[topic])}."


def in_report(topic: str) -> str:
    """Return a topic as the report lists it."""
    papers = "; ".join(f"{SAID_BEFORE.get(paper, '')}{paper.full}" for paper in OF_REPORT[topic])
    return f"{topic}: {papers}."
