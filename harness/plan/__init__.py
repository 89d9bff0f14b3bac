"""What is to be run and why: the matrix of cells, and what was left out."""
