"""The caller and evaluator line `FF 68`: frames, key maps, hall file keys."""
