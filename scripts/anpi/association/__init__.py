"""The declared tests: the plan, the join of biomarkers and endpoints, and every number that rests on both."""
