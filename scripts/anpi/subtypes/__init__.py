"""SCLC subtypes of single samples by locked models: loading, scaling, identity, classes, stability."""
