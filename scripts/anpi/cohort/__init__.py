"""Who is judged how, and who stands in which analysis: verdicts, analysis sets, attrition, the cohort file."""
