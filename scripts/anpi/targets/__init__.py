"""What a tumour offers to therapies: expression of single targets, with how far it can be told."""
