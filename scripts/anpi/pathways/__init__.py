"""Activity of pathways in single samples, from the genes that respond to them."""
