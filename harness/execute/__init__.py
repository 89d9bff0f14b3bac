"""Run cells: stage, launch, collect evidence, judge, classify, record."""
