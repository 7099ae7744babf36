"""The report: tables of a run to a page that is read, with its figures, pages of patients and workbook."""
