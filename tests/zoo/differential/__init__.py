"""What the reference runtime's own command says of the models of the zoo, beside what the harness says."""
